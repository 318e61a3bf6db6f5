import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Redis from 'ioredis';
import { dieWithUs } from './die-with-us';
import { findFreePort } from './free-port';
import { RedisServer } from './redis-server';
import { until } from './until';

/** One Sentinel, which watches a group of the name `locks`. */
export class Sentinel {
  private constructor(
    readonly port: number,
    private readonly process: ChildProcess,
    private readonly directory: string,
  ) {}

  static async start(master: RedisServer): Promise<Sentinel> {
    const port = await findFreePort();
    const directory = mkdtempSync(join(tmpdir(), 'nestjs-redlock-sentinel-'));
    const process = spawn('redis-server', [writeConfig(directory, port, master.port), '--sentinel'], {
      stdio: 'ignore',
    });
    process.once('exit', dieWithUs(process, directory));
    return new Sentinel(port, process, directory);
  }

  /** Connections stay open, and nothing is answered, until the end. */
  pause(): void {
    this.process.kill('SIGSTOP');
  }

  /** Asks one question over a connection of its own. */
  async ask(...question: string[]): Promise<unknown> {
    const client = new Redis({ port: this.port, host: '127.0.0.1', retryStrategy: null });
    client.on('error', () => undefined);
    try {
      return await client.call('SENTINEL', ...question);
    } finally {
      client.disconnect();
    }
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const exited = once(this.process, 'exit');
      this.process.kill('SIGKILL');
      await exited;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A master, its replica, and a Sentinel that promotes the replica when the master is gone. */
export class SentinelGroup {
  readonly name = 'locks';

  private constructor(
    readonly master: RedisServer,
    readonly replica: RedisServer,
    private readonly sentinel: Sentinel,
  ) {}

  static async start(): Promise<SentinelGroup> {
    // Else it waits for five seconds whether more replicas come.
    const master = await RedisServer.start({ args: ['--repl-diskless-sync-delay', '0'] });
    const replica = await RedisServer.start({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
    await until('the replica follows', async () => {
      const info = String(await replica.command('INFO', 'replication'));
      return info.includes('master_link_status:up');
    });
    const group = new SentinelGroup(master, replica, await Sentinel.start(master));
    await until('the Sentinel knows the replica', () => group.knowsReplica());
    return group;
  }

  get sentinelPort(): number {
    return this.sentinel.port;
  }

  /** Connections stay open, and nothing is answered, until the end. */
  pauseSentinel(): void {
    this.sentinel.pause();
  }

  /** Makes the replica the master. The old master is told some ten seconds later. */
  async failOver(): Promise<void> {
    await this.sentinel.ask('FAILOVER', this.name);
  }

  /** True if the Sentinel names the former replica as the master. */
  async namesReplica(): Promise<boolean> {
    const answer = await this.sentinel.ask('GET-MASTER-ADDR-BY-NAME', this.name);
    return JSON.stringify(answer).includes(`"${this.replica.port}"`);
  }

  async stop(): Promise<void> {
    await this.sentinel.stop();
    await Promise.all([this.master.stop(), this.replica.stop()]);
  }

  private async knowsReplica(): Promise<boolean> {
    try {
      const text = JSON.stringify(await this.sentinel.ask('REPLICAS', this.name));
      // Before it has asked the replica itself, it would not promote it.
      return text.includes(`"${this.replica.port}"`) && /"master-link-status"[,:]"ok"/.test(text);
    } catch {
      return false; // It is not up yet.
    }
  }
}

/** A sentinel keeps what it learns in its configuration, so it needs a file. */
function writeConfig(directory: string, port: number, masterPort: number): string {
  const file = join(directory, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${directory}`,
    `sentinel monitor locks 127.0.0.1 ${masterPort} 1`,
    'sentinel down-after-milliseconds locks 300',
    'sentinel failover-timeout locks 3000',
  ];
  writeFileSync(file, lines.join('\n'));
  return file;
}
