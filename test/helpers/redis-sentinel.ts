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

/** A master, its replica, and a sentinel that promotes the replica when the master is gone. */
export class SentinelGroup {
  readonly name = 'locks';

  private constructor(
    readonly master: RedisServer,
    readonly replica: RedisServer,
    readonly sentinelPort: number,
    private readonly sentinel: ChildProcess,
    private readonly directory: string,
  ) {}

  static async start(): Promise<SentinelGroup> {
    // Else it waits for five seconds whether more replicas come.
    const master = await RedisServer.start({ args: ['--repl-diskless-sync-delay', '0'] });
    const replica = await RedisServer.start({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
    await until('the replica follows', async () => {
      const info = String(await replica.command('INFO', 'replication'));
      return info.includes('master_link_status:up');
    });
    const port = await findFreePort();
    const directory = mkdtempSync(join(tmpdir(), 'nestjs-redlock-sentinel-'));
    const sentinel = spawn('redis-server', [writeConfig(directory, port, master.port), '--sentinel'], {
      stdio: 'ignore',
    });
    const callOff = dieWithUs(sentinel, directory);
    sentinel.once('exit', callOff);
    const group = new SentinelGroup(master, replica, port, sentinel, directory);
    await until('the sentinel knows the replica', () => group.knowsReplica());
    return group;
  }

  /** Connections stay open, and nothing is answered, until the end. */
  pauseSentinel(): void {
    this.sentinel.kill('SIGSTOP');
  }

  async stop(): Promise<void> {
    if (this.sentinel.exitCode === null && this.sentinel.signalCode === null) {
      const exited = once(this.sentinel, 'exit');
      this.sentinel.kill('SIGKILL');
      await exited;
    }
    rmSync(this.directory, { recursive: true, force: true });
    await Promise.all([this.master.stop(), this.replica.stop()]);
  }

  private async knowsReplica(): Promise<boolean> {
    const client = new Redis({ port: this.sentinelPort, host: '127.0.0.1', retryStrategy: null });
    client.on('error', () => undefined);
    try {
      const replicas = await client.call('SENTINEL', 'REPLICAS', this.name);
      const text = JSON.stringify(replicas);
      // Before it has asked the replica itself, it would not promote it.
      return text.includes(`"${this.replica.port}"`) && /"master-link-status"[,:]"ok"/.test(text);
    } catch {
      return false; // It is not up yet.
    } finally {
      client.disconnect();
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
