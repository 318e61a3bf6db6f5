import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json, wherever the script was called from. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** What package.json says: the name of the package is written there, and read from there. */
export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** What the scripts remember between runs. Outside `dist`, which is published. */
export const cache = join(root, 'node_modules', '.cache', 'nestjs-redlock');

/** The program of a development dependency, to be run with `process.execPath`: works without a shell. */
export const tools = {
  jest: join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
  nest: join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js'),
  oxlint: join(root, 'node_modules', 'oxlint', 'bin', 'oxlint'),
  prettier: join(root, 'node_modules', 'prettier', 'bin', 'prettier.cjs'),
  tsc: join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
  typedoc: join(root, 'node_modules', 'typedoc', 'bin', 'typedoc'),
};
