import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brokenLinksOf } from '../helpers/document-links';
import { ENTRIES, PACKAGE_NAME, PACKED_FILE } from '../helpers/package-name';
import {
  CONSUMER,
  EXACT_CONSUMER,
  FENCED_CONSUMER,
  JEST_AS_MODULES,
  JESTS_OWN,
  NAMES,
  SUB_PATH_NAMES,
  UNFENCED_CONSUMER,
  USE,
  USE_SUB_PATHS,
} from './consumers';
import { PackedPackage, PEERS } from './packed-package';

/**
 * How large the package may become before somebody has to say why: bytes, and numbers of files. Each entry has five:
 * what `require` and `import` get with their types, and what loads one for the other.
 */
const BUDGET = { packed: 640_000, unpacked: 2_000_000, files: 90 };

/** What an entry may load of the package, of which it shares most with the main entry. */
const LOADS: Readonly<Record<string, { files: number; bytes: number }>> = {
  // Itself, the four files of `rollup.config.mjs`, of which the smaller entries load the first two, and the small one
  // for what an import hands over.
  '': { files: 7, bytes: 760_000 },
  '/testing': { files: 7, bytes: 780_000 },
  '/health': { files: 5, bytes: 120_000 },
  '/opentelemetry': { files: 5, bytes: 140_000 },
  '/swagger': { files: 5, bytes: 120_000 },
  '/schedule': { files: 5, bytes: 140_000 },
  // The page itself, some 36 kB, is read when the application starts.
  '/board': { files: 6, bytes: 160_000 },
  '/fencing': { files: 5, bytes: 140_000 },
};

/** The limits of an entry that is not named above. */
const FIRST_LOAD = { files: 7, bytes: 140_000 };

describe('the packed package', () => {
  const packed = new PackedPackage();

  beforeAll(() => {
    packed.build();
  }, 180_000);

  afterAll(() => {
    packed.dispose();
  });

  it('has documents whose links lead somewhere inside of it', () => {
    const documents = filesOf().filter((file) => /\.(md|txt)$/.test(file));

    expect(documents.map((file) => file.slice(packed.installed.length + 1))).toEqual(
      expect.arrayContaining(['README.md', 'CHANGELOG.md', 'SECURITY.md', 'llms.txt', 'docs/GUARANTEES.md']),
    );
    expect(documents.flatMap((file) => brokenLinksOf(file).map((link) => [file, link]))).toEqual([]);
  });

  it('brings nothing along: no dependencies, no scripts that run when it is installed', () => {
    const manifest = JSON.parse(readFileSync(join(packed.installed, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const bringing = ['dependencies', 'optionalDependencies', 'bundleDependencies', 'bundledDependencies'];

    expect(bringing.filter((field) => field in manifest)).toEqual([]);
    expect(['preinstall', 'install', 'postinstall'].filter((name) => name in manifest.scripts)).toEqual([]);
    expect(filesOf().filter((file) => /binding\.gyp$|\.node$/.test(file))).toEqual([]);
  });

  it('is not larger than what was agreed on', () => {
    const files = filesOf();
    const unpacked = files.reduce((sum, file) => sum + statSync(file).size, 0);

    expect(statSync(packed.tarball).size).toBeLessThan(BUDGET.packed);
    expect(unpacked).toBeLessThan(BUDGET.unpacked);
    expect(files.length).toBeLessThan(BUDGET.files);
  });

  it.each(ENTRIES)('loads no more than was agreed on for its "%s"', (entry) => {
    const budget = LOADS[entry] ?? FIRST_LOAD;
    const output = runScript(
      'loads.cjs',
      `
        require('${PACKAGE_NAME}${entry}');
        const { statSync } = require('node:fs');
        const own = Object.keys(require.cache).filter((file) => file.startsWith(${JSON.stringify(packed.installed)}));
        const bytes = own.reduce((sum, file) => sum + statSync(file).size, 0);
        console.log(JSON.stringify({ files: own.length, bytes }));
      `,
    );
    const { files, bytes } = JSON.parse(output) as { files: number; bytes: number };

    expect(files).toBeGreaterThan(0);
    expect(files).toBeLessThan(budget.files);
    expect(bytes).toBeLessThan(budget.bytes);
  });

  it('gives every documented name, and a lock, to require', () => {
    expectToWork(runScript('use.cjs', `const library = require('${PACKAGE_NAME}'); ${USE}`));
  });

  it('gives every documented name, and a lock, to a native import', () => {
    expectToWork(runScript('use.mjs', `import * as library from '${PACKAGE_NAME}'; ${USE}`));
  });

  it('gives the same classes to require and to a native import', () => {
    const output = runScript(
      'both.mjs',
      `
        import { createRequire } from 'node:module';
        const require = createRequire(import.meta.url);
        const isSame = async (entry) => {
          const [imported, required] = [await import(entry), require(entry)];
          const names = Object.keys(required);
          return names.length > 0 && names.every((name) => imported[name] === required[name]);
        };
        const entries = ${JSON.stringify(ENTRIES.map((entry) => PACKAGE_NAME + entry))};
        console.log((await Promise.all(entries.map(isSame))).join());
      `,
    );

    expect(output.trim()).toBe(ENTRIES.map(() => 'true').join());
  });

  // jest requires what is CommonJS before it evaluates any ES module, and cannot require one itself.
  it('works in tests that jest runs as ES modules, whatever is imported first', () => {
    const files = { 'jest.json': JESTS_OWN, 'modules.test.mjs': JEST_AS_MODULES };
    for (const [file, content] of Object.entries(files)) writeFileSync(join(packed.project, file), content);

    const test = () =>
      packed.run('--experimental-vm-modules', packed.tool('jest/bin/jest.js'), '-c', 'jest.json');

    expect(test).not.toThrow();
  });

  it('gives the names of its sub-paths to require and to a native import', () => {
    const required = runScript(
      'sub-paths.cjs',
      `const library = require('${PACKAGE_NAME}'), testing = require('${PACKAGE_NAME}/testing'), health = require('${PACKAGE_NAME}/health'), opentelemetry = require('${PACKAGE_NAME}/opentelemetry'), fencing = require('${PACKAGE_NAME}/fencing'), swagger = require('${PACKAGE_NAME}/swagger'), schedule = require('${PACKAGE_NAME}/schedule'), board = require('${PACKAGE_NAME}/board'); ${USE_SUB_PATHS}`,
    );
    const imported = runScript(
      'sub-paths.mjs',
      `import * as library from '${PACKAGE_NAME}'; import * as testing from '${PACKAGE_NAME}/testing'; import * as health from '${PACKAGE_NAME}/health'; import * as opentelemetry from '${PACKAGE_NAME}/opentelemetry'; import * as fencing from '${PACKAGE_NAME}/fencing'; import * as swagger from '${PACKAGE_NAME}/swagger'; import * as schedule from '${PACKAGE_NAME}/schedule'; import * as board from '${PACKAGE_NAME}/board'; ${USE_SUB_PATHS}`,
    );

    expect([required.trim(), imported.trim()]).toEqual([SUB_PATH_NAMES, SUB_PATH_NAMES]);
  });

  it.each([
    ['@nestjs/terminus', 'health'],
    ['@opentelemetry/api', 'opentelemetry'],
    ['@nestjs/swagger', 'swagger'],
  ])('needs no %s but for its %s', (peer, subPath) => {
    packed.without(peer, () => {
      const output = runScript(
        'slim.cjs',
        `require('${PACKAGE_NAME}'); require('${PACKAGE_NAME}/testing'); console.log('fine');`,
      );

      expect(output.trim()).toBe('fine');
      expect(() => runScript('fat.cjs', `require('${PACKAGE_NAME}/${subPath}');`)).toThrow(peer);
    });
  });

  it('has a program, which starts without Nest', () => {
    const { bin, version } = JSON.parse(readFileSync(join(packed.installed, 'package.json'), 'utf8')) as {
      bin: Record<string, string>;
      version: string;
    };
    const file = join(packed.installed, bin['nestjs-redlock'] ?? '');

    packed.without('@nestjs/common', () => {
      expect(packed.run(file, '--version').trim()).toBe(version);
    });
    expect(readFileSync(file, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('is installed from the packed file, and its program is what npx runs by the name of the package', () => {
    const { dependencies } = JSON.parse(readFileSync(join(packed.project, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const npx = (name: string) =>
      execFileSync('npx', [name, 'doctor', '--help'], {
        cwd: packed.project,
        encoding: 'utf8',
        // It must not look elsewhere, nor ask whether it may.
        env: { ...process.env, npm_config_offline: 'true', npm_config_yes: 'false' },
      });

    expect(dependencies).toEqual({ [PACKAGE_NAME]: expect.stringMatching(PACKED_FILE) as string });
    expect(npx(PACKAGE_NAME)).toMatch(/^Usage: nestjs-redlock doctor /m);
  });

  it.each([
    ['cjs', 'bundle.cjs', ''],
    // What is CommonJS inside of a bundle of ES modules needs a require, as NestJS does.
    [
      'esm',
      'bundle.mjs',
      `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`,
    ],
  ])('works in a bundle (%s) that is minified too, with the page of its board', (format, bundle, banner) => {
    const source = `
      import { NestFactory } from '@nestjs/core';
      import * as library from '${PACKAGE_NAME}';
      import { StaleFenceError } from '${PACKAGE_NAME}/fencing';
      import { RedlockBoardModule } from '${PACKAGE_NAME}/board';
      async function pageOfBoard() {
        const imports = [
          library.RedlockModule.forRoot({ nodes: [new library.MemoryLockNode()] }),
          RedlockBoardModule.forRoot({ authorize: () => true }),
        ];
        const app = await NestFactory.create({ module: class Application {}, imports }, { logger: false });
        await app.listen(0, '127.0.0.1');
        const response = await fetch(await app.getUrl() + '/locks');
        const page = await response.text();
        await app.close();
        return page;
      }
      pageOfBoard().then((page) => {
        const isOneClass = new StaleFenceError({ resources: ['a'], token: 1 }) instanceof library.LockError;
        console.log(JSON.stringify([isOneClass, page.length > 30_000]));
        ${USE}
      });
    `;
    writeFileSync(join(packed.project, `of-${bundle}`), source);

    const options = {
      ...{ entryPoints: [`of-${bundle}`], outfile: bundle, format, bundle: true, minify: true },
      ...{ platform: 'node', external: PEERS, banner: { js: banner }, logLevel: 'error' },
    };
    runScript(
      'make-bundle.cjs',
      `require(${JSON.stringify(packed.tool('esbuild'))}).buildSync(${JSON.stringify(options)})`,
    );
    const [first, ...rest] = packed.run(bundle).split('\n');

    expect(first).toBe('[true,true]');
    expectToWork(rest.join('\n'));
  });

  it('lets a native import name what it needs', () => {
    const output = runScript(
      'named.mjs',
      `import { ${NAMES.join(', ')} } from '${PACKAGE_NAME}'; console.log(typeof Locked);`,
    );

    expect(output.trim()).toBe('function');
  });

  // Under `node16` and `nodenext` a .mts file, since Nest 12 itself is for ES modules only.
  it.each([
    ['node16', 'node16', 'consumer.mts'],
    ['nodenext', 'nodenext', 'consumer.mts'],
    ['nodenext', 'nodenext', 'consumer.cts'],
    ['esnext', 'bundler', 'consumer.ts'],
  ])(
    'has types for a consumer with module %s and moduleResolution %s in %s',
    (module, moduleResolution, file) => {
      writeFileSync(join(packed.project, file), CONSUMER);

      const check = () =>
        packed.run(
          packed.tool('typescript/bin/tsc'),
          ...['--module', module, '--moduleResolution', moduleResolution, '--target', 'es2023'],
          ...[
            '--lib',
            'es2023,esnext.disposable',
            '--types',
            'node',
            '--strict',
            '--skipLibCheck',
            '--noEmit',
          ],
          ...['--experimentalDecorators', '--emitDecoratorMetadata', '--ignoreConfig', file],
        );

      expect(check).not.toThrow();
    },
  );

  it.each([
    ['node16', 'node16', 'fenced.mts'],
    ['esnext', 'bundler', 'fenced.ts'],
  ])(
    'lets an application say for all of its files that locks are fenced (module %s, moduleResolution %s)',
    (module, moduleResolution, file) => {
      writeFileSync(join(packed.project, file), FENCED_CONSUMER);
      writeFileSync(join(packed.project, `unfenced-${file}`), UNFENCED_CONSUMER);
      const check = (name: string) => () =>
        packed.run(
          packed.tool('typescript/bin/tsc'),
          ...['--module', module, '--moduleResolution', moduleResolution, '--target', 'es2023'],
          ...['--lib', 'es2023,esnext.disposable', '--types', 'node', '--strict', '--skipLibCheck'],
          ...['--noEmit', '--ignoreConfig', name],
        );

      expect(check(file)).not.toThrow();
      expect(check(`unfenced-${file}`)).toThrow(/'number \| undefined' is not assignable to type 'number'/);
    },
  );

  it('has types for an application that tells what is undefined from what is not given, and checks declarations', () => {
    writeFileSync(join(packed.project, 'exact.ts'), EXACT_CONSUMER);

    const complaints = complaintsOf(() =>
      packed.run(
        packed.tool('typescript/bin/tsc'),
        ...['--module', 'esnext', '--moduleResolution', 'bundler', '--target', 'es2023', '--types', 'node'],
        ...['--lib', 'es2023,esnext.disposable,dom', '--noEmit', '--strict', '--exactOptionalPropertyTypes'],
        ...['--noUncheckedIndexedAccess', '--noPropertyAccessFromIndexSignature', '--noImplicitReturns'],
        ...['--experimentalDecorators', '--emitDecoratorMetadata', '--ignoreConfig', 'exact.ts'],
      ),
    );

    // The declarations of others are theirs.
    const ours = complaints.filter((line) => line.startsWith('exact.ts') || line.includes(PACKAGE_NAME));
    expect(ours).toEqual([]);
  });

  it('passes publint and are-the-types-wrong', () => {
    expect(() => packed.run(packed.tool('publint/src/cli.js'), packed.tarball, '--strict')).not.toThrow();
    expect(() =>
      packed.run(packed.tool('@arethetypeswrong/cli/dist/index.js'), packed.tarball),
    ).not.toThrow();
  });

  it('keeps its doc comments in the type declarations', () => {
    const declarations = filesOf().filter((path) => path.endsWith('.d.ts'));

    expect(declarations.map((path) => readFileSync(path, 'utf8')).join('\n')).toContain('@default 10_000');
  });

  function filesOf(): string[] {
    return (readdirSync(packed.installed, { recursive: true }) as string[])
      .map((name) => join(packed.installed, name))
      .filter((path) => statSync(path).isFile());
  }

  function runScript(name: string, source: string): string {
    writeFileSync(join(packed.project, name), source);
    return packed.run(name);
  }
});

function expectToWork(output: string): void {
  const [names, held] = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  expect(names).toEqual(expect.arrayContaining(NAMES));
  expect(held).toBe(true);
}

/** The lines that a program printed before it failed. */
function complaintsOf(run: () => string): string[] {
  try {
    run();
    return [];
  } catch (error) {
    return (error as Error).message.split('\n').slice(1);
  }
}
