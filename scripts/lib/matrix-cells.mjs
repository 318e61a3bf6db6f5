import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';

/** The majors that package.json allows. What `node_modules` has is the newest; the others are in `compat`. */
const MAJORS = { nest: [10, 11, 12], ioredis: [5, 6], node: [20, 22, 24, 26] };

/**
 * `--nest 10,11 --ioredis 5` as the cells of the table: all that are asked for, and all there are of what is not.
 *
 * Throws what to type instead.
 */
export function readCells(args) {
  const wanted = { ...MAJORS };
  for (let at = 0; at < args.length; at += 2) {
    const name = args[at].replace(/^--/, '');
    const majors = (args[at + 1] ?? '').split(',').map(Number);
    if (!(name in MAJORS) || !majors.every((major) => MAJORS[name].includes(major))) throw new Error(USAGE);
    wanted[name] = majors;
  }
  return wanted.node.flatMap((node) =>
    wanted.nest.flatMap((nest) => wanted.ioredis.map((ioredis) => ({ nest, ioredis, node }))),
  );
}

const USAGE = [
  'npm run test:matrix -- [--nest 10,11,12] [--ioredis 5,6] [--node 20,22,24,26]',
  'What is left out means all of them.',
].join('\n');

/** The folders under `compat` that a cell needs: none for the majors of the project itself. */
export function foldersOf({ nest, ioredis }) {
  return [`nest${nest}`, `ioredis${ioredis}`].filter((name) => existsSync(join(root, 'compat', name)));
}
