import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { buildBoardPage } from './board-page.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { fingerprint } from './fingerprint.mjs';
import { say } from './lanes.mjs';
import { manifest, root } from './paths.mjs';
import { transpile } from './transpile.mjs';

/**
 * The packages of the sample. They are its own, so that a start need not wait for the packages of the tests.
 */
const runtime = join(root, 'sample', 'runtime');
const builds = join(runtime, 'node_modules', '.builds');
const SOURCES = ['sample/order-system', 'lib', 'board', 'tsconfig.json', 'package.json'];
/** The number of builds to keep, since processes may still run them. Older ones are removed. */
const KEPT = 3;
/** After this time, nobody is compiling any more. */
const LONGEST_MS = 600_000;

/**
 * Installs what the order system needs, and compiles it and the library if a source has changed.
 * `{ ok, problem }`
 */
export async function ensureSample() {
  const { ok, problem } = await ensureDependencies(runtime);
  if (!ok) return { ok, problem: `npm ci ${problem}` };
  const folder = buildFolder();
  if (!existsSync(folder)) {
    say('Compiling the library and the order system …');
    const compiled = await compile(folder);
    if (!compiled.ok) return compiled;
    removeOldBuilds();
  }
  return { ok: true };
}

/** The program of the order system. */
export function sampleMain() {
  return join(buildFolder(), 'app', 'main.js');
}

/** The program of the library. */
export function libraryProgram() {
  return join(libraryIn(buildFolder()), Object.values(manifest.bin)[0]);
}

/** Loads a package as if it were installed beside the packages of the order system. */
export function requireFromSample(name = manifest.name) {
  return createRequire(join(buildFolder(), 'app', 'main.js'))(name);
}

/**
 * The folder of a build. Each state of the sources has its own, so that no process writes where another one
 * runs.
 */
function buildFolder() {
  return join(builds, createHash('sha256').update(fingerprint(SOURCES)).digest('hex').slice(0, 16));
}

/** The library in a build, as it would be installed. */
function libraryIn(folder) {
  return join(folder, 'node_modules', manifest.name);
}

/** Writes a folder beside its final place first. So an interruption leaves no incomplete folder. */
async function compile(folder) {
  const ts = createRequire(join(runtime, 'package.json'))('typescript');
  const tsconfig = join(root, 'tsconfig.json');
  const fresh = `${folder}.${process.pid}`;
  const library = libraryIn(fresh);
  mkdirSync(library, { recursive: true });
  cpSync(join(root, 'package.json'), join(library, 'package.json'));
  transpile(ts, { from: join(root, 'lib'), to: join(library, 'dist'), tsconfig });
  const page = join(library, 'dist', 'board', 'page.json');
  const built = await buildBoardPage(page, join(runtime, 'node_modules'));
  if (!built.ok) return built;
  transpile(ts, { from: join(root, 'sample', 'order-system', 'src'), to: join(fresh, 'app'), tsconfig });
  try {
    renameSync(fresh, folder);
  } catch (error) {
    // Another process with the same sources was first.
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return { ok: true };
}

function removeOldBuilds() {
  const all = readdirSync(builds).map((name) => join(builds, name));
  // The time is 0 for a folder that another process has just removed or renamed.
  const changedAt = (folder) => statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const finished = all.filter((folder) => !isUnfinished(folder)).sort((a, b) => changedAt(b) - changedAt(a));
  const left = all.filter((folder) => isUnfinished(folder) && Date.now() - changedAt(folder) > LONGEST_MS);
  for (const old of [...finished.slice(KEPT), ...left]) rmSync(old, { recursive: true, force: true });
}

function isUnfinished(folder) {
  return /\.\d+$/.test(folder);
}
