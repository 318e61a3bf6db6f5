import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = join(__dirname, '..', '..');

/** One of the commands of package.json, run as a user would, and what it leaves behind. */
export class Command {
  output = '';
  private readonly child: ChildProcess;
  private readonly ended: Promise<number | null>;
  /** Inherited by every process below, however far down. */
  private readonly mark = randomUUID();
  private readonly folder = mkdtempSync(join(tmpdir(), 'sample-spec-'));

  constructor(script: string, env: NodeJS.ProcessEnv = {}, args: readonly string[] = []) {
    // PostgreSQL runs as another user, where the tests run as root.
    chmodSync(this.folder, 0o755);
    this.child = spawn(process.execPath, [join(root, 'scripts', script), ...args], {
      env: {
        ...process.env,
        REDIS_NODES: '',
        DATABASE_URL: '',
        ...env,
        TMPDIR: this.folder,
        SAMPLE_SPEC_MARK: this.mark,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (text) => (this.output += String(text)));
    this.child.stderr?.on('data', (text) => (this.output += String(text)));
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
  }

  /** Waits until it has printed `text`; rejects with all it printed when it ends before. */
  async printed(text: string): Promise<void> {
    let running = true as boolean;
    void this.ended.then(() => (running = false));
    while (!this.output.includes(text)) {
      if (!running) throw new Error(`It ended without "${text}":\n${this.output}`);
      await sleep(20);
    }
  }

  /** The code that it ends with. */
  end(): Promise<number | null> {
    return this.ended;
  }

  interrupt(): Promise<number | null> {
    this.child.kill('SIGINT');
    return this.ended;
  }

  /** Processes that still run and files that still exist. Processes are seen on Linux only. */
  leftBehind(): string[] {
    return [...processesWith(this.mark), ...readdirSync(this.folder)];
  }

  /** Stops it. Call it in afterAll, which runs after a failed test too. */
  async dispose(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.interrupt();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function processesWith(mark: string): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark);
      } catch {
        return false; // Ended meanwhile, or somebody else's.
      }
    })
    .map((pid) => `process ${pid}`);
}
