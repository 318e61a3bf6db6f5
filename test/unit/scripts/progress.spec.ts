import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(__dirname, '../../..');
const CLEAR = '\r\u001b[2K';

/** What a script prints that says what goes on; on a terminal, or elsewhere. */
function print(body: string, { isTerminal = false, ...env }: Record<string, unknown> = {}): string {
  const script = `
    process.stdout.isTTY = ${String(isTerminal)};
    const ticks = [];
    const every = globalThis.setInterval;
    globalThis.setInterval = (tick) => (ticks.push(tick), every(() => {}, 1_000).unref());
    const draw = () => ticks.forEach((tick) => tick());
    const { currentTask, inProgress } = await import('./scripts/lib/progress.mjs');
    const { duration } = await import('./scripts/lib/duration.mjs');
    const { run } = await import('./scripts/lib/run.mjs');
    ${body}
  `;
  const args = ['--input-type=module', '-e', script];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, TERM: 'xterm', ...(env as Record<string, string>) },
  });
  return stdout + stderr;
}

const WORK = `
  await inProgress('packages', async () => {
    currentTask().count(5, 20, 'files');
    currentTask().advance();
    draw();
    console.log('a line');
    draw();
  });
  console.log('the end');
`;

describe('the progress of a command', () => {
  it('is one line at the end of a terminal: what goes on, how far it is, for how long, and how long still', () => {
    const output = print(WORK, { isTerminal: true });

    // A slow start draws the line before the last count too.
    const drawn = output.slice(0, output.indexOf(`${CLEAR}a line`)).split(CLEAR);
    expect(drawn.at(-1)).toMatch(/^about \d+ s left · packages 6 of 20 files, \d+ s$/);
  });

  it('is cleared before anything else is printed, and when all is done', () => {
    const output = print(WORK, { isTerminal: true });

    expect(output).toContain(`${CLEAR}a line\n`);
    expect(output.endsWith(`${CLEAR}the end\n`)).toBe(true);
  });

  it('stands below what a child process prints', () => {
    const output = print(
      `await inProgress('a', async () => { draw(); await run('echo', ['from a child']); draw(); });`,
      { isTerminal: true },
    );

    expect(output).toContain(`${CLEAR}from a child\n${CLEAR}`);
  });

  it.each([
    ['a file', {}],
    ['CI', { isTerminal: true, CI: 'true' }],
    ['a terminal that cannot write over a line', { isTerminal: true, TERM: 'dumb' }],
  ])('is not shown to %s', (_, where) => {
    expect(print(WORK, where)).toBe('a line\nthe end\n');
  });

  it('tells durations in the form that people read', () => {
    const output = print(`console.log([0, 7_400, 185_000, 3_723_000].map(duration).join());`);

    expect(output).toBe('0 s,7 s,3:05 min,1:02:03 h\n');
  });
});
