import { Command } from '../e2e/sample-shop';
import { PostgresServer } from '../helpers/postgres-server';

// Real processes that wait for real time, also where other tests take the processor.
jest.setTimeout(240_000);

const SEED = ['--seed', '1'];

/** Runs `npm run chaos` to its end. */
async function chaos(...args: string[]) {
  const command = new Command('chaos.mjs', {}, args);
  try {
    const code = await command.end();
    return { code, output: command.output, leftBehind: command.leftBehind() };
  } finally {
    await command.dispose();
  }
}

/** What the table at the end says. */
function figure(output: string, name: string): number {
  const line = output.split('\n').find((text) => text.startsWith(`${name}   `)) ?? '';
  return Number.parseFloat(line.slice(name.length));
}

describe('npm run chaos', () => {
  it.each([
    ['with fencing tokens', '0'],
    ['with and without fencing tokens', '0.5'],
  ])(
    'sees no two holders of what one has alone, no stale write, and progress in the calm, %s',
    async (_, plain) => {
      const { code, output, leftBehind } = await chaos('--seconds', '8', '--plain', plain, ...SEED);

      const broken = ['overlaps', 'tokens that did not grow', 'stale writes through', 'errors'];
      // All of the output, when it fails.
      expect({ code, output }).toEqual({
        code: 0,
        output: expect.stringContaining('No rule was broken.') as string,
      });
      expect(broken.map((name) => figure(output, name))).toEqual([0, 0, 0, 0]);
      const had = ['acquisitions', 'of them as readers', 'of them with permits'];
      expect(had.filter((name) => figure(output, name) === 0)).toEqual([]);
      if (PostgresServer.canStart) expect(figure(output, 'writes applied')).toBeGreaterThan(0);
      expect(leftBehind).toEqual([]);
    },
  );

  // It ends with the first violation. Without tokens that can only be two holders; else a node that forgot its counters,
  // say, may be noticed before these.
  it.each([
    ['a quorum of one', 'quorum', '1', 'overlaps'],
    ['nodes that grant again at once after they restarted empty', 'guard', '1', 'overlaps'],
    ...(PostgresServer.canStart
      ? [['a table that does not look at fencing tokens', 'fencing', '0', 'stale writes through']]
      : []),
  ])('notices %s', async (_, rule = '', plain = '', broken = '') => {
    const { code, output } = await chaos('--seconds', '120', '--plain', plain, '--break', rule, ...SEED);

    // All of the output, when it fails.
    expect({ code, isBroken: figure(output, broken) > 0, output }).toEqual({
      code: 1,
      isBroken: true,
      output: expect.stringContaining('VIOLATION ') as string,
    });
  });

  it('leaves nothing behind when it is interrupted', async () => {
    const command = new Command('chaos.mjs', {}, ['--seconds', '60', ...SEED]);
    try {
      await command.printed('seed 1');

      const code = await command.interrupt();

      expect(code).toBe(130);
      expect(command.leftBehind()).toEqual([]);
    } finally {
      await command.dispose();
    }
  });
});
