import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../../scripts/lib/build.mjs';
import { ensureDependencies } from '../../scripts/lib/dependencies.mjs';
import { root } from '../../scripts/lib/paths.mjs';
import { ensureRedisServer } from '../../scripts/lib/redis-binary.mjs';
import { run } from '../../scripts/lib/run.mjs';
import { snapshot } from './library.mjs';

const bench = join(root, 'bench');
const dist = join(root, 'dist');

/**
 * Installs everything that a run needs: packages, the peers, redis-server, and a build of the present
 * sources.
 */
export async function prepare() {
  await must('npm ci', ensureDependencies());
  await must('npm ci in bench/', ensurePeers());
  await must('redis-server', ensureRedisServer());
  await must('The build', ensureFreshBuild());
  rmSync(snapshot, { recursive: true, force: true });
  cpSync(dist, snapshot, { recursive: true });
}

async function ensurePeers() {
  if (isInstalled()) return { ok: true };
  console.log('Installing what the bench compares with …');
  return run('npm', ['ci', '--prefix', 'bench', '--no-audit', '--no-fund']);
}

function isInstalled() {
  const { dependencies } = JSON.parse(readFileSync(join(bench, 'package.json'), 'utf8'));
  return Object.entries(dependencies).every(([name, wanted]) => {
    const manifest = join(bench, 'node_modules', name, 'package.json');
    if (!existsSync(manifest)) return false;
    return JSON.parse(readFileSync(manifest, 'utf8')).version.replace(/^v/, '') === wanted;
  });
}

async function ensureFreshBuild() {
  const output = join(dist, 'index.js');
  const sources = ['lib', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json', 'rollup.config.mjs'];
  const newest = Math.max(...sources.map((source) => changedAt(join(root, source))));
  if (existsSync(output) && statSync(output).mtimeMs > newest) return { ok: true };
  console.log('Building the library …');
  return build();
}

function changedAt(path) {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => changedAt(join(path, name))));
}

async function must(step, result) {
  const { ok, problem } = await result;
  if (!ok) throw new Error(`${step}: ${problem}. Its output is above.`);
}
