import { transformSync } from '@swc/core';
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ensureBoardPage } from './board-page';
import { until } from './until';

const root = join(__dirname, '..', '..');

/** The program as `npx @nest-quorum/redlock` runs it, compiled from the sources as they are now. */
export class Cli {
  private readonly folder: string;
  private readonly running = new Set<CliProcess>();

  constructor() {
    // Below node_modules, so that it finds ioredis as an installed package would.
    const cache = join(root, 'node_modules', '.cache', 'nestjs-redlock');
    mkdirSync(cache, { recursive: true });
    this.folder = mkdtempSync(join(cache, 'cli-'));
    cpSync(join(root, 'package.json'), join(this.folder, 'package.json'));
    compile(join(root, 'lib'), join(this.folder, 'dist'));
    ensureBoardPage();
    cpSync(join(root, 'dist', 'board', 'page.json'), join(this.folder, 'dist', 'board', 'page.json'));
  }

  /** Runs to the end. */
  async run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CliResult> {
    return this.start(args, env).ended();
  }

  start(args: readonly string[], env: NodeJS.ProcessEnv = {}): CliProcess {
    const started = new CliProcess(join(this.folder, 'dist', 'cli', 'main.js'), args, env);
    this.running.add(started);
    void started.ended().then(() => this.running.delete(started));
    return started;
  }

  /** Stops it. Call it in afterAll, which runs after a failed test too. */
  dispose(): void {
    for (const one of this.running) one.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface CliResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export class CliProcess {
  out = '';
  err = '';
  private readonly child: ChildProcess;
  private readonly end: Promise<CliResult>;

  constructor(main: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.child = spawn(process.execPath, [main, ...args], {
      env: { ...process.env, REDIS_NODES: '', REDLOCK_KEY_PREFIX: undefined, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (text) => (this.out += String(text)));
    this.child.stderr?.on('data', (text) => (this.err += String(text)));
    this.end = new Promise((resolve) => {
      this.child.once('close', (code) => {
        resolve({ code, out: this.out, err: this.err });
      });
    });
  }

  ended(): Promise<CliResult> {
    return this.end;
  }

  /** Waits until a line that it printed says so, and gives that line. */
  async line(what: string, isIt: (line: string) => boolean): Promise<string> {
    let found: string | undefined;
    await until(`${what}; it printed ${this.out}${this.err}`, () => {
      found = this.out.split('\n').find((line) => line !== '' && isIt(line));
      return found !== undefined;
    });
    return found ?? '';
  }

  interrupt(signal: 'SIGINT' | 'SIGTERM' = 'SIGINT'): Promise<CliResult> {
    this.child.kill(signal);
    return this.end;
  }

  /** As `… | head` does once it has seen enough. */
  stopReading(): void {
    this.child.stdout?.destroy();
  }

  /** As `2>&1 | true` does. */
  stopReadingComplaints(): void {
    this.child.stderr?.destroy();
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}

/** The cells of a table, by line; columns are two spaces apart at least. */
export function cellsOf(text: string): string[][] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/));
}

function compile(from: string, to: string): void {
  for (const name of readdirSync(from, { recursive: true }) as string[]) {
    if (!name.endsWith('.ts')) continue;
    const { code } = transformSync(readFileSync(join(from, name), 'utf8'), {
      jsc: {
        target: 'es2023',
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
      },
      module: { type: 'commonjs' },
    });
    const file = join(to, name.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, code);
  }
}
