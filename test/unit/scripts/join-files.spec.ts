import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = join(__dirname, '../../..');

describe('the files that the root entry loads', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-redlock-joined-'));

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** Joins such files, and prints what an expression makes of the root entry and of the small one. */
  function joinAndPrint(name: string, files: Record<string, string>, print = 'root') {
    const dist = join(folder, name);
    for (const [file, text] of Object.entries({ 'small/index.js': '', ...files })) {
      mkdirSync(dirname(join(dist, file)), { recursive: true });
      writeFileSync(join(dist, file), `"use strict";\n${text}`);
    }
    const script = `
      import { createRequire } from 'node:module';
      import { joinFiles } from './scripts/lib/join-files.mjs';
      joinFiles(${JSON.stringify(dist)}, ['small']);
      const require = createRequire(${JSON.stringify(join(dist, 'application.js'))});
      const [root, small] = [require('./index.js'), require('./small/index.js')];
      console.log(JSON.stringify(${print}));
    `;
    const args = ['--input-type=module', '-e', script];
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    return { stdout: stdout.trim(), stderr };
  }

  it('are the same for every entry after they are joined', () => {
    const { stdout, stderr } = joinAndPrint(
      'shared',
      {
        'index.js':
          'exports.A = require("./a").A; exports.B = require("./b/b").B; exports.folder = require("./b/b").folder;',
        'a.js': 'exports.A = class A {};',
        'b/b.js': 'exports.B = class B extends require("../a").A {}; exports.folder = __dirname;',
        'small/index.js': 'exports.A = require("../a").A;',
      },
      '[root.A === small.A, new root.B() instanceof small.A, root.folder.endsWith("/shared/b")]',
    );

    expect({ stdout, stderr }).toEqual({ stdout: '[true,true,true]', stderr: '' });
  });

  it('say of themselves if they were ES modules, as before', () => {
    const { stdout, stderr } = joinAndPrint(
      'es',
      {
        'index.js': 'exports.es = require("./es").__esModule; exports.plain = require("./plain").__esModule;',
        'es.js': 'Object.defineProperty(exports, "__esModule", { value: true });\nexports.a = 1;',
        'plain.js': 'exports.a = 1;',
      },
      '[root.es, root.plain ?? "none"]',
    );

    expect({ stdout, stderr }).toEqual({ stdout: '[true,"none"]', stderr: '' });
  });

  it('are not joined when they require each other in a circle', () => {
    const { stdout, stderr } = joinAndPrint('circle', {
      'index.js': 'require("./a");',
      'a.js': 'require("./b");',
      'b.js': 'require("./c");',
      'c.js': 'require("./b");',
    });

    expect(stdout).toBe('');
    expect(stderr).toMatch(/require each other cannot be joined: \S+b\.js -> \S+c\.js -> \S+b\.js\./);
  });

  it.each([
    ["require('./c')"],
    ['import("./c")'],
    ['require.resolve("./c")'],
    ['require.main === module'],
    ['__filename'],
  ])('are not joined when one of them works at its place alone: %s', (code) => {
    const name = `place-${code.replace(/\W/g, '')}`;
    const { stdout, stderr } = joinAndPrint(name, {
      'index.js': 'require("./a/a");',
      'a/a.js': `exports.a = () => ${code};`,
      'a/c.js': '',
    });

    expect(stdout).toBe('');
    expect(stderr).toMatch(/a\.js cannot be joined with others: it has /);
  });
});
