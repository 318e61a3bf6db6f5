import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './paths.mjs';

/** A hash of files and folders of the project. It changes when a file is added, removed or written. */
export function fingerprint(sources) {
  return sources
    .flatMap((source) => listFiles(join(root, source)))
    .map((file) => `${file} ${statSync(file).mtimeMs} ${statSync(file).size}`)
    .sort()
    .join('\n');
}

/** Tells if this is the last fingerprint in that file. */
export function isRemembered(file, print) {
  return existsSync(file) && readFileSync(file, 'utf8') === print;
}

export function remember(file, print) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, print);
}

function listFiles(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => name !== 'dist')
    .flatMap((name) => listFiles(join(path, name)));
}
