import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { dieWithUs } from './die-with-us';

const root = join(__dirname, '..', '..');
const compiler = pathToFileURL(join(root, 'scripts', 'lib', 'compile.mjs')).href;

/** Where each file was compiled to. The programs of a spec share it, since a compilation takes a second of processor. */
const compiled = new Map<string, string>();

afterAll(() => {
  for (const output of compiled.values()) rmSync(output, { recursive: true, force: true });
});

/** Compiles a file of the tests with the sources as they are now, and waits for it. Returns the folder of the result. */
function compile(file: string): string {
  const known = compiled.get(file);
  if (known !== undefined) return known;
  const output = join(
    ...[root, 'node_modules', '.cache', 'nestjs-redlock'],
    `${basename(file, '.ts')}-${String(process.pid)}`,
  );
  const folders = ['lib', join(file, '..')];
  const script = `
    import { compileTo } from ${JSON.stringify(compiler)};
    compileTo(${JSON.stringify(output)}, ${JSON.stringify(folders)});`;
  execFileSync(process.execPath, ['--input-type=module', '-e', script]);
  compiled.set(file, output);
  return output;
}

/** A file of the tests that is a process of its own, compiled before it starts. */
export class Program {
  /** What it wrote. */
  readonly lines: string[] = [];
  private readonly child: ChildProcess;
  private readonly closed: Promise<unknown>;

  /**
   * @param file below the root, with its folder
   * @param flags of Node
   */
  constructor(file: string, args: readonly string[], flags: readonly string[] = []) {
    const output = compile(file);
    this.child = spawn(process.execPath, [...flags, join(output, file.replace(/\.ts$/, '.js')), ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.child.once('exit', dieWithUs(this.child, output));
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
  }
}
