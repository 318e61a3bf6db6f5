import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { codeBlocksOf } from './code-blocks';

const ROOT = join(__dirname, '..', '..');

/**
 * What a block of code in a document exports, when it is run as it stands there.
 *
 * @param marker a part of the block that no other block of the document has
 * @param load how it gets what it imports: `require` of the spec, or what takes its place
 * @param shorten puts short times in the place of those of the document
 */
export function runBlock(
  document: string,
  marker: string,
  load: (name: string) => unknown,
  shorten: (code: string) => string = (code) => code,
): unknown {
  const found = codeBlocksOf(document, readFileSync(join(ROOT, document), 'utf8')).filter(({ code }) =>
    code.includes(marker),
  );
  const [block] = found;
  if (block === undefined || found.length > 1) {
    throw new Error(`${found.length} blocks of ${document} have ${JSON.stringify(marker)}`);
  }
  const { outputText } = ts.transpileModule(shorten(block.code), {
    compilerOptions: {
      ...{ module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2023, esModuleInterop: true },
      ...{ experimentalDecorators: true, emitDecoratorMetadata: true },
    },
  });
  const exported = {};
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the document's own code, which is what is tested
  const start = new Function('require', 'exports', outputText) as (...parts: unknown[]) => void;
  start(load, exported);
  return exported;
}

/** The only block of another language, or the one with `marker`. */
export function readBlock(document: string, language: string, marker = ''): string {
  const text = readFileSync(join(ROOT, document), 'utf8');
  const found = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, of, code = '']) => of === language && code.includes(marker))
    .map(([, , code]) => code);
  if (found.length !== 1)
    throw new Error(`${found.length} blocks of ${document} are ${language} with ${marker}`);
  return found[0] as string;
}
