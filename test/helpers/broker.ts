import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dieWithUs } from './die-with-us';
import { findFreePort } from './free-port';
import { until } from './until';

const LONGEST_START_MS = 100_000;

/** A broker of this machine, on the loopback, gone with all of its data when it is stopped. */
export class Broker {
  private constructor(
    readonly port: number,
    private readonly child: ChildProcess,
    private readonly directory: string,
    private readonly cleanUp: (() => void) | undefined,
  ) {}

  /** @param commandFor the program, its arguments and its environment, for a port and a folder */
  static async start(
    commandFor: (port: number, directory: string) => Promise<Command> | Command,
  ): Promise<Broker> {
    const port = await findFreePort();
    const directory = mkdtempSync(join(tmpdir(), 'nestjs-redlock-broker-'));
    const { program, args, env, cleanUp } = await commandFor(port, directory);
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: directory,
    });
    const broker = new Broker(port, child, directory, cleanUp);
    let said = '';
    let problem: Error | undefined;
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    child.once('error', (error) => (problem = error));
    child.once('exit', () => (problem ??= new Error(`${program} ended: ${said}`)));
    child.once('exit', dieWithUs(child, directory));
    const isReady = async () => {
      if (problem !== undefined) throw problem;
      return accepts(port);
    };
    await until(`${program} accepts connections`, isReady, LONGEST_START_MS);
    return broker;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      const exited = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await exited;
    }
    this.cleanUp?.();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Ends what it leaves behind. */
  readonly cleanUp?: () => void;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
