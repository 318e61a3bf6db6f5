import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(__dirname, '../../..');

/** A script as `npm test` is one, from its first step to its last line. */
function runScript(body: string) {
  const script = `
    import { runSpecs } from './scripts/lib/jest.mjs';
    import { sideBySide } from './scripts/lib/lanes.mjs';
    import { run } from './scripts/lib/run.mjs';
    import { Tally } from './scripts/lib/tally.mjs';
    const tally = new Tally();
    const passes = () => ({ ok: true });
    const counts = (passed, failed, skipped = 0) => () => ({ passed, failed, skipped, problem: 'why' });
    ${body}
    tally.finish();
  `;
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    encoding: 'utf8',
  });
  return { status, text: stdout, last: stdout.trim().split('\n').at(-1) };
}

describe('the end of npm test', () => {
  it('is 0 and a sum when everything has passed', () => {
    const { status, last } = runScript(`
      await tally.step('a', passes);
      await tally.suite('b', counts(20, 0));
      await tally.stepOrSkip('c', passes);
    `);

    expect({ status, last }).toEqual({ status: 0, last: '22 passed, 0 failed' });
  });

  it('tells what was skipped, and is 0 all the same', () => {
    const { status, text, last } = runScript(`
      await tally.stepOrSkip('a', () => ({ ok: false, problem: 'there is none' }));
      await tally.suite('b', counts(20, 0, 2));
    `);

    expect({ status, last }).toEqual({ status: 0, last: '20 passed, 0 failed, 3 skipped' });
    expect(text).toContain('SKIPPED  a: there is none');
  });

  it.each([
    ['the first', (bad: string, well: string) => `${bad}, ${well}`],
    ['another', (bad: string, well: string) => `${well}, ${bad}`],
  ])('is 1 and a count when something has failed in %s lane', (_, inOrder) => {
    const bad = `() => tally.suite('bad', counts(3, 2))`;
    const well = `() => tally.step('other', passes)`;

    const { status, text, last } = runScript(`await sideBySide(${inOrder(bad, well)});`);

    expect({ status, last }).toEqual({ status: 1, last: '4 passed, 2 failed' });
    expect(text).toContain('FAILED   bad: 2 failed (why)');
  });

  it('counts whatever fails, in each lane, while what comes after it and beside it goes on', () => {
    const { text } = runScript(`
      const crash = () => { throw new Error('why'); };
      const rejects = async () => crash();
      const spec = { suite: 'unit', file: 'unit/none', text: '' };
      const bads = {
        'a step': (one) => one.step('bad', () => ({ ok: false, problem: 'why' })),
        'a step that crashes': (one) => one.step('bad', crash),
        'a suite that crashes': (one) => one.suite('bad', rejects),
        'what may be missing and crashes': (one) => one.stepOrSkip('bad', rejects),
        'a command': (one) => one.step('bad', () => run(process.execPath, ['-e', 'process.exit(3)'])),
        'a command that is killed': (one) => one.step('bad', () => run('sh', ['-c', 'kill -9 $$'])),
        'a command that is not there': (one) => one.step('bad', () => run('no-such-command', [])),
        'a jest that dies': (one) =>
          one.suite('bad', () => runSpecs('none', [spec], { hasRedis: true, node: 'false' })),
      };
      await Promise.all(Object.entries(bads).map(async ([name, bad]) => {
        const [first, second] = [new Tally(), new Tally()];
        const failing = (one) => async () => { await bad(one); await one.step('next', passes); };
        await sideBySide(failing(first), () => first.step('other', passes));
        await sideBySide(() => second.step('other', passes), failing(second));
        for (const { passed, failed, skipped } of [first, second]) {
          console.log(['COUNT', name, passed, failed, skipped].join('|'));
        }
      }));
    `);

    const counts = [...text.matchAll(/^COUNT\|(.*)\|2\|1\|0$/gm)].map(([, name]) => name);
    const names = [
      ...['a command', 'a command that is killed', 'a command that is not there', 'a jest that dies'],
      ...['a step', 'a step that crashes', 'a suite that crashes', 'what may be missing and crashes'],
    ];
    expect(counts.sort()).toEqual(names.flatMap((name) => [name, name]));
  });

  it('has what a lane prints in one piece, and all of it', () => {
    const speak = (word: string) =>
      `tally.step('${word}', () => run(process.execPath, ['-e', "console.log('${word} 1'); setTimeout(() => console.log('${word} 2'), 30)"]))`;

    const { text } = runScript(`await sideBySide(() => ${speak('first')}, () => ${speak('second')});`);

    expect(text).toMatch(/▸ second\nsecond 1\nsecond 2\n {2}second: /);
    expect(text).toMatch(/first 1\n[\s\S]*first 2\n/);
  });
});
