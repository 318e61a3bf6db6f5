import fc from 'fast-check';
import { isWon, quorumFreeInMs, quorumOf } from '../../lib/core/quorum';

describe('quorum', () => {
  it('of any fleet: two winners always share a node', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_001 }), fc.nat(), (nodes, some) => {
        const granted = some % (nodes + 1);
        const other = nodes - granted;

        const bothWin =
          isWon({ nodes, granted, denied: 0, failed: 0 }) &&
          isWon({ nodes, granted: other, denied: 0, failed: 0 });

        expect(bothWin).toBe(false);
      }),
    );
  });

  it('is free when so many holds of the nodes in the way have ended, and not a moment before', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.nat(1_000), { maxLength: 9 }),
        fc.nat(),
        (nodes, ttls, some) => {
          const told = ttls.slice(0, nodes);
          const granted = some % (nodes - told.length + 1);

          const freeInMs = quorumFreeInMs(nodes, granted, told);

          const freeAt = (atMs: number) => granted + told.filter((ttlMs) => ttlMs <= atMs).length;
          if (freeInMs === undefined) expect(freeAt(Infinity)).toBeLessThan(quorumOf(nodes));
          else {
            expect(freeAt(freeInMs)).toBeGreaterThanOrEqual(quorumOf(nodes));
            if (freeInMs > 0) expect(freeAt(freeInMs - 1)).toBeLessThan(quorumOf(nodes));
          }
        },
      ),
    );
  });
});
