import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { dieWithUs } from '../helpers/die-with-us';
import { type Report, REPORTS } from './report';
import type { ClientSettings } from './settings';

/** One client process, as the one who starts, stops and kills it sees it. */
export class ClientProcess {
  private child: ChildProcess | undefined;
  private closed: Promise<unknown> = Promise.resolve();
  private lives = 0;
  private isEnding = false;

  constructor(
    private readonly settings: ClientSettings,
    /** The directory of the guards, which remove it when this process dies. */
    private readonly directory: string,
    private readonly onReport: (client: string, report: Report) => void,
  ) {}

  get name(): string {
    return this.settings.name;
  }

  /** A new process, with a stream of chance of its own. */
  start(): void {
    this.lives += 1;
    const settings = { ...this.settings, seed: this.settings.seed + 1_000 * this.lives };
    const child = spawn(process.execPath, [join(__dirname, 'client.js'), JSON.stringify(settings)], {
      stdio: ['pipe', 'inherit', 'inherit', 'pipe'],
      // Ctrl-C goes to whole groups of processes, and it is for the parent to end this one.
      detached: true,
    });
    this.child = child;
    const callOff = dieWithUs(child, this.directory);
    child.once('exit', (code, signal) => {
      callOff();
      if (this.child === child) this.child = undefined;
      if (!this.isEnding && signal !== 'SIGKILL')
        this.onReport(this.name, {
          type: 'error',
          text: `${this.name} ended with ${signal ?? String(code)}`,
        });
    });
    this.closed = once(child, 'close');
    createInterface({ input: child.stdio[REPORTS] as Readable }).on('line', (line) => {
      this.onReport(this.name, JSON.parse(line) as Report);
    });
  }

  pause(): void {
    this.child?.kill('SIGSTOP');
  }

  resume(): void {
    this.child?.kill('SIGCONT');
  }

  /** Without a goodbye. Returns when its last report was read. */
  async kill(): Promise<void> {
    // Else this process would be free to end before.
    this.child?.ref();
    this.child?.kill('SIGKILL');
    await this.closed;
  }

  async end(): Promise<void> {
    this.isEnding = true;
    await this.kill();
  }
}
