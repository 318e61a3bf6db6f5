import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { say } from './lanes.mjs';
import { cache } from './paths.mjs';
import { run } from './run.mjs';

/**
 * Finds the program of a version of Node, such as `20` or `20.19.0`: this one, or that of the npm package `node`.
 * `{ program, problem }`
 */
export async function ensureNode(version) {
  if (`${process.versions.node}.`.startsWith(`${version}.`)) return { program: process.execPath };
  const folder = join(cache, `node-${version}`);
  const program = join(folder, 'node_modules', 'node', 'bin', 'node');
  if (existsSync(program)) return { program };
  say(`Installing Node ${version} …`);
  const { ok, problem } = await run('npm', [
    ...['install', '--prefix', folder, `node@${version}`],
    ...['--no-audit', '--no-fund', '--loglevel', 'error'],
  ]);
  if (!ok) return { problem: `npm install node@${version} ${problem}` };
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return { program };
  } catch (error) {
    return { problem: `Node ${version} does not run here: ${error.message}` };
  }
}
