import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PACKAGE_NAME, PACKED_FILE } from '../helpers/package-name';

const root = join(__dirname, '..', '..');

/** What `npm pack` needs; a folder that does not exist yet is left out. */
const SOURCES = [
  ...['lib', 'board', 'scripts', 'package.json', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'],
  'rollup.config.mjs',
  ...['README.md', 'LICENSE', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'llms.txt', 'docs', 'bench'],
];

/** What a user has beside the package: its peers, and what a TypeScript project has anyway. */
export const PEERS = [
  ...['@nestjs/common', '@nestjs/core', '@nestjs/platform-express', '@nestjs/swagger', '@nestjs/terminus'],
  ...['@opentelemetry/api', 'ioredis', 'reflect-metadata', 'rxjs', '@types/node'],
];

/** The package as it would be published, installed in a project of its own. */
export class PackedPackage {
  private readonly folder = mkdtempSync(join(tmpdir(), 'nestjs-redlock-package-'));
  /** A folder with the package in its `node_modules`. */
  readonly project = join(this.folder, 'project');
  readonly installed = join(this.project, 'node_modules', PACKAGE_NAME);
  readonly tarball = join(this.folder, PACKED_FILE);

  build(): void {
    // Packed in a copy, because packing builds, and others may be using the `dist` of the repository.
    const copy = join(this.folder, 'copy');
    for (const source of SOURCES.filter((name) => existsSync(join(root, name)))) {
      // The reference of the API is generated, and is not part of it; neither is what the bench compares with.
      const filter = (path: string) => !path.endsWith(join('docs', 'api')) && !path.endsWith('node_modules');
      cpSync(join(root, source), join(copy, source), { recursive: true, filter });
    }
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    execFileSync('npm', ['pack', '--pack-destination', this.folder], { cwd: copy, stdio: 'pipe' });
    this.install();
  }

  /** Runs a program of the repository's node_modules, or Node itself, in the project; returns what it printed. */
  run(...[file, ...args]: [string, ...string[]]): string {
    try {
      return execFileSync(process.execPath, [file, ...args], { cwd: this.project, stdio: 'pipe' }).toString();
    } catch (error) {
      const { stdout, stderr } = error as { stdout: Buffer; stderr: Buffer };
      throw new Error(`${file} ${args.join(' ')} failed:\n${stdout.toString()}${stderr.toString()}`, {
        cause: error,
      });
    }
  }

  /** Without a peer that is optional, as most users have it. */
  without(peer: string, use: () => void): void {
    const link = join(this.project, 'node_modules', peer);
    rmSync(link);
    try {
      use();
    } finally {
      symlinkSync(join(root, 'node_modules', peer), link);
    }
  }

  tool(path: string): string {
    return join(root, 'node_modules', path);
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** As README says, but without a registry: the peers are those of the repository. */
  private install(): void {
    mkdirSync(this.project, { recursive: true });
    writeFileSync(join(this.project, 'package.json'), '{ "private": true }');
    const options = ['--offline', '--legacy-peer-deps', '--no-audit', '--no-fund'];
    execFileSync('npm', ['install', this.tarball, ...options], { cwd: this.project, stdio: 'pipe' });
    for (const peer of PEERS) {
      const link = join(this.project, 'node_modules', peer);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(root, 'node_modules', peer), link);
    }
  }
}
