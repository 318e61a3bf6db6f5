import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { say } from './lanes.mjs';
import { ensureNode } from './other-node.mjs';
import { Processes } from './processes.mjs';
import { findRedisServer } from './redis-binary.mjs';
import { startRedisServer } from './redis-servers.mjs';
import { cache, manifest, root } from './paths.mjs';
import { run } from './run.mjs';

/**
 * The other runtimes and compilers of our package, from npm. Only the matrix installs them, since most are as
 * large as all of our dependencies. Each entry has the version to install, the way to run or to compile a
 * file of `test/runtimes`, and the Node that it needs.
 */
const RUNTIMES = {
  bun: { version: '1', args: (urls) => ['app.ts', ...urls] },
  deno: { version: '2', args: (urls) => ['run', '--allow-all', '--no-check', 'app.ts', ...urls] },
  vitest: { version: '5', args: () => ['run'], node: 24 },
  'typescript-5.0': compiler('5.0'),
  'typescript-7': compiler('7'),
};

/** A version of TypeScript. `types.ts` has what users write. */
function compiler(version) {
  return {
    version,
    npmName: 'typescript',
    programName: 'tsc',
    args: () => ['--project', 'tsconfig.types.json'],
  };
}

export const RUNTIME_NAMES = Object.keys(RUNTIMES);

const COMPILER_OPTIONS = { experimentalDecorators: true, emitDecoratorMetadata: true };

/** What `tsc` needs besides: the names of TypeScript 5.0, and the types of the packages as they are installed. */
const TYPE_OPTIONS = {
  ...{ target: 'es2022', lib: ['es2022'], types: ['node'], module: 'nodenext', moduleResolution: 'nodenext' },
  ...{ strict: true, skipLibCheck: true, noEmit: true },
};

/**
 * Runs a whole application, or a test as users write it, on another runtime, or compiles what users write. It
 * counts as one test.
 */
export async function runOnRuntime(name) {
  const runtime = RUNTIMES[name];
  const { version, args, node = process.versions.node.split('.')[0] } = runtime;
  const { npmName = name, programName = name } = runtime;
  const folder = join(cache, name);
  const program = join(folder, 'node_modules', '.bin', programName);
  if (!existsSync(program)) {
    say(`Installing ${npmName}@${version} …`);
    const options = ['--no-audit', '--no-fund', '--loglevel', 'error'];
    const { ok, problem } = await run('npm', [
      'install',
      '--prefix',
      folder,
      `${npmName}@${version}`,
      ...options,
    ]);
    if (!ok) return failed(`npm install ${npmName}@${version} ${problem}`);
  }
  const { program: nodeProgram, problem: nodeProblem } = await ensureNode(node);
  if (nodeProblem !== undefined) return failed(nodeProblem);
  const project = makeProject();
  const processes = new Processes();
  try {
    const servers = { program: findRedisServer(), name };
    const urls = await Promise.all([1, 2, 3].map(() => startRedisServer(processes, servers)));
    const env = { PATH: `${dirname(nodeProgram)}:${process.env.PATH}` };
    const { ok, problem } = await run(program, args(urls), { cwd: project, env, limitMs: 120_000 });
    return ok ? { passed: 1, failed: 0, skipped: 0 } : failed(`${name} ${problem}`);
  } catch (error) {
    return failed(`${name} ${error.message}`);
  } finally {
    await processes.stop();
    rmSync(project, { recursive: true, force: true });
  }
}

/**
 * Makes a project of its own, outside of any node_modules, with the package as it is installed. The package
 * is a copy: a link would lead out of node_modules, where Deno takes it for a module of another format.
 */
function makeProject() {
  const project = mkdtempSync(join(tmpdir(), 'redlock-runtime-'));
  const packages = join(project, 'node_modules');
  mkdirSync(join(packages, manifest.name), { recursive: true });
  cpSync(join(root, 'test', 'runtimes'), project, { recursive: true });
  for (const part of ['dist', 'package.json'])
    cpSync(join(root, part), join(packages, manifest.name, part), { recursive: true });
  for (const peer of ['@nestjs', '@types', 'ioredis', 'rxjs', 'reflect-metadata'])
    symlinkSync(join(root, 'node_modules', peer), join(packages, peer));
  const files = {
    'package.json': { private: true, type: 'module' },
    'tsconfig.json': { compilerOptions: { ...COMPILER_OPTIONS, target: 'es2023', module: 'node20' } },
    // Vite takes the options of a file only from a configuration that names this file.
    'tsconfig.types.json': { compilerOptions: { ...COMPILER_OPTIONS, ...TYPE_OPTIONS }, files: ['types.ts'] },
    'deno.json': { nodeModulesDir: 'manual', compilerOptions: COMPILER_OPTIONS },
  };
  for (const [file, content] of Object.entries(files))
    writeFileSync(join(project, file), JSON.stringify(content));
  writeFileSync(
    join(project, 'vitest.config.mjs'),
    "export default { test: { globals: true, include: ['*.vitest.ts'] } };\n",
  );
  return project;
}

function failed(problem) {
  console.error(problem);
  return { passed: 0, failed: 1, skipped: 0 };
}
