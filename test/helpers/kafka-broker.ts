import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dieWithUs } from './die-with-us';
import { until } from './until';

const LONGEST_START_MS = 100_000;
const ADDRESS = /bootstrap\.servers=(127\.0\.0\.1:\d+)/;

/**
 * The broker of librdkafka, on the loopback: it has topics, groups and offsets as Kafka has them, and is a part of each of
 * its clients. Here of `kcat`, which reads from it for as long as it lives.
 */
export class KafkaBroker {
  private constructor(
    private readonly child: ChildProcess,
    private readonly directory: string,
    readonly address: string,
  ) {}

  static async start(): Promise<KafkaBroker> {
    const directory = mkdtempSync(join(tmpdir(), 'nestjs-redlock-kafka-'));
    const args = ['-C', '-q', '-b', 'none', '-t', 'unused', '-X', 'test.mock.num.brokers=1'];
    const child = spawn('kcat', [...args, '-X', 'debug=mock'], { stdio: ['ignore', 'ignore', 'pipe'] });
    child.once('exit', dieWithUs(child, directory));
    let said = '';
    let problem: Error | undefined;
    child.stderr.on('data', (text: Buffer) => {
      if (!ADDRESS.test(said)) said += text.toString();
    });
    child.once('error', (error) => (problem = error));
    child.once('exit', () => (problem ??= new Error(`kcat ended: ${said}`)));
    const isReady = () => {
      if (problem !== undefined) throw problem;
      return ADDRESS.test(said);
    };
    await until('kcat has a broker', isReady, LONGEST_START_MS);
    return new KafkaBroker(child, directory, ADDRESS.exec(said)?.[1] ?? '');
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      const exited = once(this.child, 'exit');
      this.child.kill('SIGKILL');
      await exited;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}
