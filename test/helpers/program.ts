import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { dieWithUs } from './die-with-us';

const root = join(__dirname, '..', '..');
const compiler = pathToFileURL(join(root, 'scripts', 'lib', 'compile.mjs')).href;

/** A file of the tests that is a process of its own, compiled with the sources as they are now. */
export class Program {
  /** What it wrote. */
  readonly lines: string[] = [];
  private readonly child: ChildProcess;
  private readonly closed: Promise<unknown>;
  private readonly output: string;

  /**
   * @param file below the root, with its folder; it finds its arguments from `process.argv[1]` on
   * @param flags of Node
   */
  constructor(file: string, args: readonly string[], flags: readonly string[] = []) {
    const [name, folder] = [basename(file, '.ts'), join(file, '..')];
    const program = `
      import { compileAndLoad } from ${JSON.stringify(compiler)};
      compileAndLoad(${JSON.stringify(name)}, ['lib', ${JSON.stringify(folder)}], ${JSON.stringify(join(folder, `${name}.js`))});`;
    this.child = spawn(process.execPath, [...flags, '--input-type=module', '-e', program, '--', ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.output = join(root, 'node_modules', '.cache', 'nestjs-redlock', `${name}-${String(this.child.pid)}`);
    this.child.once('exit', dieWithUs(this.child, this.output));
    this.closed = once(this.child, 'close');
    if (this.child.stdout) createInterface(this.child.stdout).on('line', (line) => this.lines.push(line));
  }

  write(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  pause(): void {
    this.child.kill('SIGSTOP');
  }

  resume(): void {
    this.child.kill('SIGCONT');
  }

  /** Waits until it ends by itself, and all that it wrote is there. */
  async ended(): Promise<void> {
    await this.closed;
  }

  /** Stops it. Call it in afterEach, which runs after a failed test too. */
  async dispose(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.closed;
    rmSync(this.output, { recursive: true, force: true });
  }
}
