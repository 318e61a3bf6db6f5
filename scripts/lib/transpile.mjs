import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * Compiles a folder of TypeScript to CommonJS, without a check of types: `npm test` checks them, and a start
 * need not wait for that. Other files are copied.
 *
 * @param ts the compiler, which is missing until the packages are installed
 */
export function transpile(ts, { from, to, tsconfig }) {
  const compilerOptions = readOptions(ts, tsconfig);
  for (const name of readdirSync(from, { recursive: true })) {
    const source = join(from, name);
    if (statSync(source).isDirectory()) continue;
    const target = join(to, name);
    mkdirSync(dirname(target), { recursive: true });
    if (!name.endsWith('.ts')) {
      copyFileSync(source, target);
      continue;
    }
    const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), {
      fileName: source,
      compilerOptions,
    });
    writeFileSync(join(dirname(target), basename(name).replace(/\.ts$/, '.js')), outputText);
  }
}

function readOptions(ts, tsconfig) {
  const { config, error } = ts.readConfigFile(tsconfig, (file) => readFileSync(file, 'utf8'));
  if (error !== undefined) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, '\n'));
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, dirname(tsconfig));
  // With these, the stack of an error names the lines of the sources.
  const maps = { inlineSourceMap: true, inlineSources: true };
  return { ...options, ...maps, declaration: false, module: ts.ModuleKind.CommonJS };
}
