import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Redis from 'ioredis';
import { dieWithUs } from './die-with-us';
import { findFreePort } from './free-port';

export interface RedisServerOptions {
  /** Else a free one. */
  port?: number;
  password?: string;
  /** A user besides the default one, as in `ACL SETUSER`: `app on >secret ~* +@all`. */
  user?: string;
  cluster?: boolean;
  /** Serves TLS instead of plain TCP. */
  tls?: { certFile: string; keyFile: string };
  /** More lines of redis.conf, as arguments: `['--maxmemory', '1mb']`. */
  args?: readonly string[];
  /** Environment variables besides ours. */
  env?: NodeJS.ProcessEnv;
}

const MOST_TRIES = 10;
const LONGEST_START_MS = 10_000;

/** A real redis-server of this machine, with its data in memory and on the loopback only. */
export class RedisServer {
  /** Without a password. */
  readonly url: string;
  private process: ChildProcess | undefined;
  private readonly directory = mkdtempSync(join(tmpdir(), 'nestjs-redlock-redis-'));

  private constructor(
    readonly port: number,
    private readonly options: RedisServerOptions,
  ) {
    this.url = `${options.tls === undefined ? 'redis' : 'rediss'}://127.0.0.1:${port}`;
  }

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    for (let tries = 1; ; tries += 1) {
      const server = new RedisServer(options.port ?? (await findFreePort()), options);
      try {
        await server.launch();
        return server;
      } catch (error) {
        await server.stop();
        // Another process took the port in between.
        if (options.port !== undefined || tries === MOST_TRIES || !isPortTaken(error)) throw error;
      }
    }
  }

  get isRunning(): boolean {
    return this.process !== undefined;
  }

  /** Ends it, and forgets its directory. Harmless when it has ended already. */
  async stop(): Promise<void> {
    this.resume();
    await this.end('SIGTERM');
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** As a crash does: no goodbye, and no data left. */
  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  /** Stops it in mid-air: connections stay open, requests pile up unread, until `resume`. */
  pause(): void {
    this.process?.kill('SIGSTOP');
  }

  resume(): void {
    this.process?.kill('SIGCONT');
  }

  /** Removes what it wrote to disk, if it was told to write; for one that was killed. */
  wipe(): void {
    if (this.isRunning) throw new Error('a running server keeps its data');
    rmSync(this.directory, { recursive: true, force: true });
    mkdirSync(this.directory);
  }

  /** A new process on the same port, with what the last one wrote to disk: nothing, unless it was told to write. */
  async restart(): Promise<void> {
    await this.kill();
    for (let tries = 1; ; tries += 1) {
      try {
        await this.launch();
        return;
      } catch (error) {
        // Another process may have the port for a moment.
        if (tries === MOST_TRIES || !isPortTaken(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  /** Runs one command on a connection of its own, to prepare the server and to look at it. */
  async command(name: string, ...args: (string | number)[]): Promise<unknown> {
    const { password, tls } = this.options;
    const client = new Redis({
      port: this.port,
      host: '127.0.0.1',
      password,
      tls: tls === undefined ? undefined : { rejectUnauthorized: false },
      retryStrategy: null,
    });
    client.on('error', () => undefined);
    try {
      return await client.call(name, ...args);
    } finally {
      client.disconnect();
    }
  }

  private async launch(): Promise<void> {
    const child = spawn('redis-server', this.arguments(), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.options.env },
    });
    this.process = child;
    const callOff = dieWithUs(child, this.directory);
    const forget = () => {
      callOff();
      if (this.process === child) this.process = undefined;
    };
    child.once('exit', forget);
    child.once('error', forget);
    await untilReady(child);
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.process;
    if (child === undefined) return;
    // Else a script would be free to end before.
    child.ref();
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  private arguments(): string[] {
    const { password, user, cluster, tls, args } = this.options;
    const port = String(this.port);
    return [
      ...['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', this.directory],
      ...(tls === undefined ? ['--port', port] : ['--port', '0', '--tls-port', port, ...tlsArguments(tls)]),
      ...(password === undefined ? [] : ['--requirepass', password]),
      ...(user === undefined ? [] : ['--user', ...user.split(' ')]),
      ...(cluster === true
        ? ['--cluster-enabled', 'yes', '--cluster-config-file', `nodes-${port}.conf`]
        : []),
      ...(args ?? []),
    ];
  }
}

export function startRedisServers(count: number, options: RedisServerOptions = {}): Promise<RedisServer[]> {
  return Promise.all(Array.from({ length: count }, () => RedisServer.start(options)));
}

function tlsArguments({ certFile, keyFile }: { certFile: string; keyFile: string }): string[] {
  return [
    ...['--tls-cert-file', certFile, '--tls-key-file', keyFile, '--tls-ca-cert-file', certFile],
    ...['--tls-auth-clients', 'no'],
  ];
}

function untilReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const limit = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`redis-server is not ready: ${output}`));
    }, LONGEST_START_MS);
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      if (!output.includes('Ready to accept connections')) return;
      clearTimeout(limit);
      child.stdout?.removeListener('data', read).resume();
      resolve();
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', (error) => {
      clearTimeout(limit);
      reject(new Error(`redis-server cannot be started (${error.message}); install it to run these tests`));
    });
    child.once('exit', () => {
      clearTimeout(limit);
      reject(new Error(`redis-server ended: ${output}`));
    });
  });
}

function isPortTaken(error: unknown): boolean {
  return error instanceof Error && /Address already in use|Failed listening/.test(error.message);
}
