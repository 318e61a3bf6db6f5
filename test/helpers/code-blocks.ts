import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const ROOT = join(__dirname, '..', '..');

export interface CodeBlock {
  /** Where it stands: `README.md:28`. */
  readonly place: string;
  readonly code: string;
  /** A comment right above it says that it is not to be compiled, and why: `<!-- not compiled: … -->`. */
  readonly isExcused: boolean;
}

/** The TypeScript of a document. */
export function codeBlocksOf(document: string, text: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  const pattern = /^(?<above>.*\n\n?)?```(?:ts|typescript)[^\n]*\n(?<code>[\s\S]*?)^```/gm;
  for (const { index, groups = {} } of text.matchAll(pattern)) {
    const { above = '', code = '' } = groups;
    const line = text.slice(0, index + above.length).split('\n').length;
    blocks.push({ place: `${document}:${line}`, code, isExcused: /^<!-- not compiled: .+ -->/.test(above) });
  }
  return blocks;
}

/** That of README.md and of all documents under docs. */
export function projectCodeBlocks(): CodeBlock[] {
  const documents = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', ...documents.map((name) => `docs/${name}`)].flatMap((document) =>
    codeBlocksOf(document, readFileSync(join(ROOT, document), 'utf8')),
  );
}

/** Takes blocks for modules, and returns what the compiler says about them, with their places. */
export class BlockCompiler {
  private readonly options = readOptions();
  private readonly parsed = new Map<string, ts.SourceFile | undefined>();

  problemsOf(blocks: readonly CodeBlock[]): string[] {
    // Modules of the ES kind, since examples await at their top.
    const files = new Map(blocks.map((block, at) => [join(ROOT, `code-block-${at}.mts`), block]));
    const texts = new Map([...files].map(([file, { code }]) => [file, `${code}\nexport {};\n`]));

    const program = ts.createProgram([...texts.keys()], this.options, this.hostOf(texts));
    return [...files].flatMap(([file, { place }]) => {
      const source = program.getSourceFile(file);
      const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
      return found.map((one) => describe(place, one));
    });
  }

  private hostOf(texts: ReadonlyMap<string, string>): ts.CompilerHost {
    const host = ts.createCompilerHost(this.options);
    return {
      ...host,
      fileExists: (file) => texts.has(file) || existsSync(file),
      readFile: (file) => texts.get(file) ?? host.readFile(file),
      getSourceFile: (file, how) => {
        const text = texts.get(file);
        if (text !== undefined) return ts.createSourceFile(file, text, how);
        if (!this.parsed.has(file)) this.parsed.set(file, host.getSourceFile(file, how));
        return this.parsed.get(file);
      },
    };
  }
}

function readOptions(): ts.CompilerOptions {
  const file = join(ROOT, 'tsconfig.json');
  const { config } = ts.readConfigFile(file, (path) => readFileSync(path, 'utf8')) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  return { ...options, noEmit: true, noUnusedLocals: false, noUnusedParameters: false };
}

function describe(place: string, { messageText, start = 0, file }: ts.Diagnostic): string {
  const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1;
  return `${place}, line ${line} of it: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
}
