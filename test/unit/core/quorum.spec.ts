import {
  cannotBeDeniedByQuorum,
  cannotBeWon,
  isDeniedByQuorum,
  isOutOfReach,
  isWon,
  quorumFreeInMs,
  quorumOf,
  type Tally,
} from '../../../lib/core/quorum';

type Side = 'granted' | 'denied' | 'failed';
const SIDES: Side[] = ['granted', 'denied', 'failed'];

/** Every way in which up to `nodes` nodes may have voted so far. */
function everyTally(nodes: number): Tally[] {
  const tallies: Tally[] = [];
  for (let granted = 0; granted <= nodes; granted++)
    for (let denied = 0; granted + denied <= nodes; denied++)
      for (let failed = 0; granted + denied + failed <= nodes; failed++)
        tallies.push({ nodes, granted, denied, failed });
  return tallies;
}

/** Every end that a round can come to from here. */
function everyEnd(tally: Tally): Tally[] {
  const missing = tally.nodes - tally.granted - tally.denied - tally.failed;
  if (missing === 0) return [tally];
  return SIDES.flatMap((side) => everyEnd({ ...tally, [side]: tally[side] + 1 }));
}

const TALLIES = [1, 2, 3, 4, 5, 6, 7].flatMap(everyTally);

describe('quorum', () => {
  it.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
    [5, 3],
    [6, 4],
    [7, 4],
  ])('of %i nodes is %i', (nodes, expected) => {
    expect(quorumOf(nodes)).toBe(expected);
  });

  it.each([1, 2, 3, 4, 5, 6, 7])(
    'of %i nodes is the smallest group that always shares a node with another',
    (nodes) => {
      const quorum = quorumOf(nodes);

      expect(2 * quorum).toBeGreaterThan(nodes);
      expect(2 * (quorum - 1)).toBeLessThanOrEqual(nodes);
    },
  );

  it('says "cannot be won" exactly when no end of the round is won, for every N to 7 and every split of votes', () => {
    for (const tally of TALLIES) {
      expect([tally, cannotBeWon(tally)]).toEqual([tally, !everyEnd(tally).some(isWon)]);
    }
  });

  it('says "won" exactly when every end of the round is won, whatever the missing nodes vote', () => {
    for (const tally of TALLIES) {
      expect([tally, isWon(tally)]).toEqual([tally, everyEnd(tally).every(isWon)]);
    }
  });

  it('says "cannot be denied" exactly when no end of the round is denied by a majority', () => {
    for (const tally of TALLIES) {
      expect([tally, cannotBeDeniedByQuorum(tally)]).toEqual([
        tally,
        !everyEnd(tally).some(isDeniedByQuorum),
      ]);
    }
  });

  it('never says that a round is both won and denied', () => {
    for (const tally of TALLIES) expect(isWon(tally) && isDeniedByQuorum(tally)).toBe(false);
  });

  it('calls a resource out of reach exactly when the nodes that did not fail are no majority', () => {
    for (const tally of TALLIES) {
      expect([tally, isOutOfReach(tally)]).toEqual([tally, tally.nodes - tally.failed <= tally.nodes / 2]);
    }
  });

  it.each([
    { nodes: 3, granted: 0, ttls: [300, 100, 200], expected: 200 },
    { nodes: 3, granted: 1, ttls: [300, 100], expected: 100 },
    { nodes: 3, granted: 0, ttls: [100], expected: undefined },
    { nodes: 5, granted: 2, ttls: [400, 250], expected: 250 },
    { nodes: 2, granted: 1, ttls: [70], expected: 70 },
    { nodes: 1, granted: 0, ttls: [], expected: undefined },
    { nodes: 3, granted: 2, ttls: [], expected: 0 },
  ])(
    'expects $granted granting of $nodes nodes and holds of $ttls ms to leave a majority free in $expected ms',
    ({ nodes, granted, ttls, expected }) => {
      expect(quorumFreeInMs(nodes, granted, ttls)).toBe(expected);
    },
  );
});
