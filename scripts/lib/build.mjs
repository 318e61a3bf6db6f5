import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, isRemembered, remember } from './fingerprint.mjs';
import { buildBoardPage } from './board-page.mjs';
import { cache, root, tools } from './paths.mjs';
import { say } from './lanes.mjs';
import { runNode } from './run.mjs';

const OUTPUT = join(root, 'dist', 'index.js');
const SOURCES = [
  'lib',
  'board',
  'tsconfig.json',
  'tsconfig.build.json',
  'nest-cli.json',
  'rollup.config.mjs',
];
const STAMP = join(cache, 'lib.built');

/** Builds the library with its types to `dist`. `{ ok, problem }` */
export async function build() {
  const print = fingerprint(SOURCES);
  const compiled = await runNode(tools.nest, ['build', 'lib']);
  if (!compiled.ok) return compiled;
  const bundled = await runNode(tools.rollup, ['--config', '--silent']);
  if (!bundled.ok) return bundled;
  const page = await buildBoardPage();
  if (page.ok) remember(STAMP, print);
  return page;
}

/** Builds the library if a source has changed since the last build. */
export async function ensureBuilt() {
  if (existsSync(OUTPUT) && isRemembered(STAMP, fingerprint(SOURCES))) return { ok: true };
  say('Building the library …');
  return build();
}
