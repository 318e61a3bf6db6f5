import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { say } from './lanes.mjs';
import { cache } from './paths.mjs';
import { run } from './run.mjs';

/**
 * Finds the program of a major version of Node: this one, or that of the npm package `node`.
 * `{ program, problem }`
 */
export async function ensureNode(major) {
  if (process.versions.node.startsWith(`${major}.`)) return { program: process.execPath };
  const folder = join(cache, `node-${major}`);
  const program = join(folder, 'node_modules', 'node', 'bin', 'node');
  if (existsSync(program)) return { program };
  say(`Installing Node ${major} …`);
  const { ok, problem } = await run('npm', [
    ...['install', '--prefix', folder, `node@${major}`],
    ...['--no-audit', '--no-fund', '--loglevel', 'error'],
  ]);
  if (!ok) return { problem: `npm install node@${major} ${problem}` };
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return { program };
  } catch (error) {
    return { problem: `Node ${major} does not run here: ${error.message}` };
  }
}
