import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ensureDependencies } from './dependencies.mjs';
import { fingerprint, isRemembered, remember } from './fingerprint.mjs';
import { say } from './lanes.mjs';
import { manifest, root } from './paths.mjs';
import { transpile } from './transpile.mjs';

/** What the sample runs on: its own packages, so that a start need not wait for those of the tests. */
const runtime = join(root, 'sample', 'runtime');
const app = join(runtime, 'app');
const library = join(runtime, 'node_modules', manifest.name);

const SOURCES = ['sample/order-system', 'lib', 'tsconfig.json', 'package.json'];
const STAMP = join(runtime, 'node_modules', '.built');

/** The program of the order system. */
export const sampleMain = join(app, 'main.js');

/** The program of the library. */
export const libraryProgram = join(library, Object.values(manifest.bin)[0]);

/** Installs what the order system needs, and compiles it and the library where a source changed. `{ ok, problem }` */
export async function ensureSample() {
  const { ok, problem } = await ensureDependencies(runtime);
  if (!ok) return { ok, problem: `npm ci ${problem}` };
  const print = fingerprint(SOURCES);
  if (existsSync(sampleMain) && existsSync(library) && isRemembered(STAMP, print)) return { ok: true };
  say('Compiling the library and the order system …');
  compile();
  remember(STAMP, print);
  return { ok: true };
}

/** What somebody gets who installed the package beside the packages of the order system. */
export function requireFromSample(name = manifest.name) {
  return createRequire(join(runtime, 'package.json'))(name);
}

function compile() {
  const ts = requireFromSample('typescript');
  const tsconfig = join(root, 'tsconfig.json');
  replace(app, (to) => {
    transpile(ts, { from: join(root, 'sample', 'order-system', 'src'), to, tsconfig });
  });
  // As it would be installed: a folder of node_modules, with what the package has at its top.
  replace(library, (to) => {
    transpile(ts, { from: join(root, 'lib'), to: join(to, 'dist'), tsconfig });
    cpSync(join(root, 'package.json'), join(to, 'package.json'));
  });
}

/** Writes a folder beside its place first, so that what is interrupted, or runs at the same time, leaves no half of one. */
function replace(folder, write) {
  const fresh = `${folder}.${process.pid}`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  write(fresh);
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
}
