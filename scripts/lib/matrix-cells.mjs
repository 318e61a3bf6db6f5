import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { RUNTIME_NAMES } from './runtimes.mjs';

/**
 * The majors that package.json allows. `node_modules` has the newest ones; the others are in `compat`. Of Node there
 * is the lowest version too.
 */
const VERSIONS = {
  nest: ['10', '11', '12'],
  ioredis: ['5', '6'],
  node: ['20.19.0', '20', '22', '24', '26'],
};

/**
 * Reads `--nest 10,11 --ioredis 5` as cells of the table. A dimension that is not named has all of its
 * values. With `--runtime bun,deno` only these run. Without any option, all cells and runtimes run.
 *
 * Throws an error that says what to type instead.
 */
export function readCells(args) {
  if (args[0] === '--runtime') return readRuntimes(args);
  const runtimes = args.length === 0 ? RUNTIME_NAMES : [];
  const wanted = { ...VERSIONS };
  for (let at = 0; at < args.length; at += 2) {
    const name = args[at].replace(/^--/, '');
    const versions = (args[at + 1] ?? '').split(',');
    if (!(name in VERSIONS) || !versions.every((version) => VERSIONS[name].includes(version)))
      throw new Error(USAGE);
    wanted[name] = versions;
  }
  const versions = wanted.node.flatMap((node) =>
    wanted.nest.flatMap((nest) =>
      wanted.ioredis.map((ioredis) => ({ nest: Number(nest), ioredis: Number(ioredis), node })),
    ),
  );
  return [...versions, ...runtimes.map((runtime) => ({ runtime }))];
}

function readRuntimes([, names = '', ...rest]) {
  const runtimes = names.split(',');
  if (rest.length > 0 || !runtimes.every((name) => RUNTIME_NAMES.includes(name))) throw new Error(USAGE);
  return runtimes.map((runtime) => ({ runtime }));
}

const USAGE = [
  'npm run test:matrix -- [--nest 10,11,12] [--ioredis 5,6] [--node 20.19.0,20,22,24,26]',
  `npm run test:matrix -- --runtime ${RUNTIME_NAMES.join(',')}`,
  'What is left out means all of them.',
].join('\n');

/** The folders under `compat` that a cell needs: none for the majors of the project itself. */
export function foldersOf({ nest, ioredis }) {
  return [`nest${nest}`, `ioredis${ioredis}`].filter((name) => existsSync(join(root, 'compat', name)));
}
