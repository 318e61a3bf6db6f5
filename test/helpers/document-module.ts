import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const ROOT = join(__dirname, '..', '..');

/** A block between fences, of any language or none. */
export interface DocumentBlock {
  /** `ts`, `sh`, or nothing. */
  readonly language: string;
  readonly code: string;
  /** The line of its first code fence. */
  readonly line: number;
}

export interface RunOptions {
  /** Puts short times and real places in the place of those of the document. */
  readonly change?: (code: string) => string;
  /** What it uses without importing or defining it. */
  readonly scope?: Readonly<Record<string, unknown>>;
}

export function blocksOf(document: string): DocumentBlock[] {
  const text = readFileSync(join(ROOT, document), 'utf8');
  return [...text.matchAll(/^```(\w*)[^\n]*\n([\s\S]*?)^```$/gm)].map(
    ({ index, 1: language = '', 2: code = '' }) => ({
      language,
      code,
      line: text.slice(0, index).split('\n').length,
    }),
  );
}

/**
 * The only block of a language in a document, or the one that has `marker`.
 *
 * Call this and the two below with the words themselves: test/unit/docs/examples.spec.ts reads in the specs which blocks
 * they run.
 */
export function readBlock(document: string, language: string, marker = ''): string {
  return find(document, [language], marker);
}

/**
 * What a block of TypeScript exports, when it is run as it stands there.
 *
 * @param marker a part of the block that no other block of the document has
 */
export function runBlock(document: string, marker: string, options: RunOptions = {}): unknown {
  const exported = {};
  // oxlint-disable-next-line typescript/no-implied-eval -- the document's own code, which is what is tested
  const start = new Function(...parameters(options), compile(document, marker, options)) as (
    ...parts: unknown[]
  ) => void;
  start(load, exported, ...Object.values(options.scope ?? {}));
  return exported;
}

/** Runs a block that awaits at its top, as a part of a function does. */
export async function runSteps(document: string, marker: string, options: RunOptions = {}): Promise<unknown> {
  const exported = {};
  const AsyncFunction = Object.getPrototypeOf(async () => Promise.resolve()) as { constructor: unknown };
  const Steps = AsyncFunction.constructor as new (
    ...parts: string[]
  ) => (...args: unknown[]) => Promise<void>;
  const start = new Steps(...parameters(options), compile(document, marker, options));
  await start(load, exported, ...Object.values(options.scope ?? {}));
  return exported;
}

function find(document: string, languages: readonly string[], marker: string): string {
  const found = blocksOf(document).filter(
    ({ language, code }) => languages.includes(language) && code.includes(marker),
  );
  const [block] = found;
  if (block === undefined || found.length > 1) {
    throw new Error(`${found.length} blocks of ${document} have ${JSON.stringify(marker)}`);
  }
  return block.code;
}

function compile(document: string, marker: string, { change = (code) => code }: RunOptions): string {
  return ts.transpileModule(change(find(document, ['ts', 'js'], marker)), {
    compilerOptions: {
      ...{ module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2023, esModuleInterop: true },
      ...{ experimentalDecorators: true, emitDecoratorMetadata: true },
    },
  }).outputText;
}

function parameters({ scope = {} }: RunOptions): string[] {
  return ['require', 'exports', ...Object.keys(scope)];
}

// oxlint-disable-next-line typescript/no-require-imports -- what the documents import
const load = (name: string) => require(name) as unknown;
