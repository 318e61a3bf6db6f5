import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { unpackDebianPackages } from './debian-packages.mjs';
import { cache } from './paths.mjs';

/** Servers that speak the protocol, and the suite of Debian that has each of them. */
export const OTHER_SERVERS = {
  'valkey-9': { kind: 'valkey', major: 9, suite: 'sid' },
  'valkey-8': { kind: 'valkey', major: 8, suite: 'trixie' },
  'redis-8': { kind: 'redis', major: 8, suite: 'sid' },
  'redict-7': { kind: 'redict', major: 7, suite: 'sid' },
};

/**
 * Fetches one of them once, into the cache of the project. `{ version, env, problem }`: a program that runs
 * with `env` finds it as `redis-server`.
 *
 * @param isFresh fetches it again, since a suite may have a newer one
 */
export async function ensureOtherServer(name, { isFresh = false, mirror } = {}) {
  const folder = join(cache, 'servers', name);
  if (isFresh) rmSync(folder, { recursive: true, force: true });
  if (!existsSync(join(folder, 'bin', 'redis-server'))) {
    const problem = await fetchServer(OTHER_SERVERS[name], folder, mirror);
    if (problem !== undefined) {
      rmSync(folder, { recursive: true, force: true });
      return { problem };
    }
  }
  try {
    return {
      version: versionOf(join(folder, 'bin', 'redis-server')),
      env: { PATH: [join(folder, 'bin'), process.env.PATH].join(delimiter) },
    };
  } catch (error) {
    return { problem: `what was fetched does not run here: ${error.message}` };
  }
}

async function fetchServer({ kind, major, suite }, folder, mirror) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const root = join(folder, 'root');
  const { ok, problem } = await unpackDebianPackages({
    ...{ suite, mirror, folder: root },
    names: [`${kind}-server`],
    wanted: new RegExp(`^${kind}-`),
  });
  if (!ok) return problem;
  const program = join(root, 'usr', 'bin', `${kind}-server`);
  if (!existsSync(program)) return `the package ${kind}-server of ${suite} has no ${kind}-server`;
  writeStarter(join(folder, 'bin'), program, librariesIn(root));
  const version = versionOf(join(folder, 'bin', 'redis-server'));
  if (version.startsWith(`${major}.`)) return undefined;
  return `${suite} has ${kind} ${version} now, and no ${major} any more`;
}

/**
 * Starts the program with the libraries of its own suite, which are newer or older than those of this
 * machine.
 */
function writeStarter(bin, program, libraries) {
  mkdirSync(bin);
  const loader = join(
    libraries,
    readdirSync(libraries).find((name) => /^ld-linux.*\.so\.\d$/.test(name)),
  );
  const starter = join(bin, 'redis-server');
  writeFileSync(
    starter,
    `#!/bin/sh\nexec ${quoted(loader)} --library-path ${quoted(libraries)} ${quoted(program)} "$@"\n`,
  );
  chmodSync(starter, 0o755);
}

/** The folder of libraries: `usr/lib/x86_64-linux-gnu`, or its name for the processor of this machine. */
function librariesIn(root) {
  const folder = readdirSync(join(root, 'usr', 'lib'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(root, 'usr', 'lib', name))
    .find((name) => existsSync(join(name, 'libc.so.6')));
  if (folder === undefined) throw new Error('the packages have no C library');
  return folder;
}

function versionOf(program) {
  const text = execFileSync(program, ['--version'], { encoding: 'utf8' });
  const version = /\bv=([\d.]+)/.exec(text)?.[1];
  if (version === undefined) throw new Error(`no version in "${text.trim()}"`);
  return version;
}

/** Puts text in single quotes for the shell. */
function quoted(text) {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
