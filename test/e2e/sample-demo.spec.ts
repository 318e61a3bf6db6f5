import { Command } from './sample-shop';

describe('npm run demo', () => {
  it('sells every item once with locks, oversells without, and leaves nothing behind', async () => {
    const demo = new Command('demo.mjs');
    try {
      const code = await demo.end();

      const [sold, oversold] = rowOf('with locks', demo.output);
      const [, oversoldWithout] = rowOf('without locks', demo.output);
      expect({ code, sold, oversold }).toEqual({ code: 0, sold: 50, oversold: 0 });
      expect(oversoldWithout).toBeGreaterThan(0);
      expect(demo.leftBehind()).toEqual([]);
    } finally {
      await demo.dispose();
    }
  });
});

function rowOf(name: string, output: string): number[] {
  const line = output.split('\n').find((text) => text.startsWith(name)) ?? '';
  return line.slice(name.length).trim().split(/\s+/).map(Number);
}
