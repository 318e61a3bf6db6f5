import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../../..');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nestjs-redlock-timetable-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** What the timetable says each time that `tell()` is called; `at(seconds)` sets the clock. */
function run(body: string): string[] {
  const script = `
    let now = 0;
    const at = (seconds) => (now = seconds * 1_000);
    performance.now = () => now;
    const { Timetable } = await import('./scripts/lib/timetable.mjs');
    const table = new Timetable('npm test: a/b', ${JSON.stringify(folder)});
    const tell = () => console.log(String(table));
    ${body}
  `;
  const args = ['--input-type=module', '-e', script];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  return (stdout + stderr).trim().split('\n');
}

/** Two steps after each other, 10 and 20 s, beside one of 25 s; and a last one of 5 s. */
const FIRST_RUN = `
  table.begin('lint'); table.begin('e2e');
  at(10); table.end('lint'); table.begin('unit');
  at(25); table.end('e2e'); at(30); table.end('unit'); table.begin('pack');
  at(35); table.end('pack'); table.save();
`;

describe('how long a command takes still', () => {
  it('is not known in the first run, which tells how many steps are done', () => {
    expect(run(`tell(); table.begin('lint'); table.end('lint'); tell();`)).toEqual([
      '0 steps done',
      '1 step done',
    ]);
  });

  it('is known from the last run', () => {
    run(FIRST_RUN);

    expect(run(`table.begin('lint'); table.begin('e2e'); tell(); at(4); tell();`)).toEqual([
      '0 of 4 steps, about 35 s left',
      '0 of 4 steps, about 31 s left',
    ]);
  });

  it('is told by the step that is furthest behind, and does not shrink while a step takes longer than it did', () => {
    run(FIRST_RUN);

    expect(
      run(`
        table.begin('lint'); table.begin('e2e'); at(20); tell();
        table.end('lint'); table.begin('unit'); at(22); tell();
        at(45); table.end('unit'); tell(); table.end('e2e'); tell();
        table.begin('pack'); table.end('pack'); tell();
      `),
    ).toEqual([
      '0 of 4 steps, about 25 s left',
      '1 of 4 steps, about 23 s left',
      '2 of 4 steps, about 10 s left',
      '3 of 4 steps, about 5 s left',
      '4 of 4 steps, about 0 s left',
    ]);
  });

  it('is told also where there are steps that the last run did not have', () => {
    run(FIRST_RUN);

    expect(run(`table.begin('new'); at(3); tell(); table.end('new'); tell();`)).toEqual([
      '0 of 4 steps, about 35 s left',
      '1 of 4 steps, about 35 s left',
    ]);
  });

  it('is as in a first run where what was remembered cannot be read', () => {
    run(FIRST_RUN);
    for (const file of readdirSync(folder)) writeFileSync(join(folder, file), '{"total":');

    expect(run('tell();')).toEqual(['0 steps done']);
  });
});
