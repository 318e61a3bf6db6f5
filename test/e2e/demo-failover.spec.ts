import { Command } from './sample-shop';

describe('npm run demo:failover', () => {
  it('shows two holders on a master with a replica, one on three masters, and leaves nothing behind', async () => {
    const demo = new Command('failover.mjs');
    try {
      const code = await demo.end();

      const last = demo.output.trim().split('\n').at(-1);
      expect({ code, last }).toEqual({
        code: 0,
        last: 'holders of "invoice:7" after the failover: master+replica=2 three-masters=1',
      });
      expect(demo.output).toContain('B, started since, asks for it and is told: busy');
      expect(demo.leftBehind()).toEqual([]);
    } finally {
      await demo.dispose();
    }
  });
});
