import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './run.mjs';

/** The path of redis-server, or undefined. */
export function findRedisServer() {
  return findProgram('redis-server');
}

/** Installs redis-server with the package manager of the machine where that needs no questions. `{ ok, problem }` */
export async function ensureRedisServer() {
  if (findRedisServer() !== undefined) return { ok: true };
  for (const [command, ...args] of installCommands()) {
    console.log(`Installing redis-server: ${[command, ...args].join(' ')}`);
    await run(command, args, { env: { DEBIAN_FRONTEND: 'noninteractive' } });
  }
  if (findRedisServer() !== undefined) return { ok: true };
  return { ok: false, problem: 'redis-server is not in PATH and could not be installed here' };
}

function installCommands() {
  if (process.platform === 'darwin') return findProgram('brew') ? [['brew', 'install', 'redis']] : [];
  if (!findProgram('apt-get')) return [];
  const asRoot = process.getuid?.() === 0 ? [] : findProgram('sudo') ? ['sudo', '-n'] : undefined;
  if (asRoot === undefined) return [];
  return [
    [...asRoot, 'apt-get', 'update', '-qq'],
    [...asRoot, 'apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'redis-server'],
  ];
}

function findProgram(name) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
