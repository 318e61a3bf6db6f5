import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../../..');

function evaluate(expression: string): unknown {
  const script = `
    import { changedReports } from './scripts/lib/api-reports.mjs';
    import { exportedNames, publicPart } from './scripts/lib/public-part.mjs';
    console.log(JSON.stringify(${expression}));
  `;
  const args = ['--input-type=module', '-e', script];
  return JSON.parse(spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' }).stdout);
}

const partOf = (code: string, elsewhere: string[] = []) =>
  evaluate(`publicPart(${JSON.stringify(code)}, new Set(${JSON.stringify(elsewhere)}))`);

describe('a report of public types', () => {
  it('has the private types that public ones are made of, however far away', () => {
    const code = [
      'export type Event = About & { a: 1 };',
      'interface About extends More {}',
      'type More = { size: 2 };',
    ];

    expect(partOf(code.join('\n\n'))).toBe(code.join('\n\n'));
  });

  it('leaves out what nothing public mentions, or a constructor alone', () => {
    const own = 'export class Service { constructor(manager: Manager); close(): Left; }';
    const code = [
      own,
      'class Manager { line: Line; }',
      'interface Line {}',
      'type Left = 1;',
      'type Unused = 2;',
    ];

    expect(partOf(code.join('\n\n'))).toBe(`${own}\n\ntype Left = 1;`);
  });

  it('keeps the imports that are used, and leaves out what the main report has', () => {
    const own = 'export const check: (lock: Lock) => Result;';
    const code = ["import { Result } from 'a';", "import type { Other } from 'b';", own, 'interface Lock {}'];

    expect(partOf(code.join('\n'), ['Lock'])).toBe(`import { Result } from 'a';\n\n${own}`);
  });

  it('has the texts of a union in one order, whichever the compiler met first', () => {
    expect(partOf(`export type By = 'shared' | 'held' | number;`)).toBe(
      `export type By = 'held' | 'shared' | number;`,
    );
  });

  it('names what is exported', () => {
    expect(
      evaluate(
        `[...exportedNames('export class A {} export type B = 1; interface C {} export const d: 1, e: 2;')]`,
      ),
    ).toEqual(['A', 'B', 'd', 'e']);
  });

  it('has changed when it says something else, is new, or is gone', () => {
    const folder = (files: Record<string, string>) => {
      const path = mkdtempSync(join(tmpdir(), 'nestjs-redlock-reports-'));
      for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
      return path;
    };
    const folders = [folder({ a: '1', b: '1\r\n', c: '1' }), folder({ a: '2', b: '1\n', d: '1' })];

    const changed = evaluate(`changedReports(...${JSON.stringify(folders)})`);

    for (const path of folders) rmSync(path, { recursive: true });
    expect(changed).toEqual(['a', 'c', 'd']);
  });
});
