import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { say } from './lanes.mjs';
import { run } from './run.mjs';

/** Finds the path of a program, or undefined. */
export function findProgram(name) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/**
 * Installs missing programs with the package manager of the machine, if that asks no questions.
 * `{ ok, problem }`
 *
 * @param packages the package that has each program:
 *   `{ promtool: { apt: 'prometheus', brew: 'prometheus' } }`
 */
export async function ensurePrograms(packages) {
  const missing = () => Object.keys(packages).filter((program) => findProgram(program) === undefined);
  if (missing().length === 0) return { ok: true };
  for (const [command, ...args] of installCommands(missing().map((program) => packages[program]))) {
    say(`Installing ${missing().join(', ')}: ${[command, ...args].join(' ')}`);
    await run(command, args, { env: { DEBIAN_FRONTEND: 'noninteractive' } });
  }
  const still = missing();
  if (still.length === 0) return { ok: true };
  const verb = still.length === 1 ? 'is' : 'are';
  return { ok: false, problem: `${still.join(', ')} ${verb} not in PATH and could not be installed here` };
}

function installCommands(packages) {
  if (process.platform === 'darwin') {
    return findProgram('brew') ? [['brew', 'install', ...packages.map(({ brew }) => brew)]] : [];
  }
  if (!findProgram('apt-get')) return [];
  const asRoot = process.getuid?.() === 0 ? [] : findProgram('sudo') ? ['sudo', '-n'] : undefined;
  if (asRoot === undefined) return [];
  const quietly = ['-qq', '-o', 'Acquire::Retries=0', '-o', 'Acquire::http::Timeout=15'];
  const names = packages.map(({ apt }) => apt);
  return [
    [...asRoot, 'apt-get', 'update', ...quietly],
    [...asRoot, 'apt-get', 'install', '-y', ...quietly, '--no-install-recommends', ...names],
  ];
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
