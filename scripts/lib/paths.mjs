import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json, wherever the script was called from. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The content of package.json. The name of the package is read from there. */
export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The folder for what the scripts remember between runs. It is not in `dist`, which is published. */
export const cache = join(root, 'node_modules', '.cache', 'nestjs-redlock');

/** The programs of development dependencies, to be run with `process.execPath`. That works without a shell. */
export const tools = {
  jest: join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
  nest: join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js'),
  oxlint: join(root, 'node_modules', 'oxlint', 'bin', 'oxlint'),
  prettier: join(root, 'node_modules', 'prettier', 'bin', 'prettier.cjs'),
  rollup: join(root, 'node_modules', 'rollup', 'dist', 'bin', 'rollup'),
  tsc: join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
  typedoc: join(root, 'node_modules', 'typedoc', 'bin', 'typedoc'),
};
