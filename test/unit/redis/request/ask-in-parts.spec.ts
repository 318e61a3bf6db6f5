import type { AcquireVote, ExtendVote, ReleaseVote } from '../../../../lib/ports/lock-node.interface';
import {
  mergeAcquireVotes,
  mergeExtendVotes,
  mergeReleaseVotes,
} from '../../../../lib/redis/request/ask-in-parts';

const granted = { kind: 'granted' } as const;
const failed = { kind: 'failed', error: new Error('silent') } as const;
const denied = { kind: 'denied' } as const;

describe('one vote of the parts of a cluster', () => {
  it.each<[AcquireVote[], AcquireVote]>([
    [[granted, granted], granted],
    [[granted, denied], denied],
    [[denied, failed, granted], failed],
    // The clocks of servers differ, and nobody may pass others by a ticket that is too early.
    [
      [
        { kind: 'granted', inLine: 1, nodeMicros: 5 },
        { kind: 'granted', inLine: 3, nodeMicros: 9 },
        { kind: 'granted', inLine: 2, nodeMicros: 7 },
      ],
      { kind: 'granted', inLine: 3, nodeMicros: 9 },
    ],
    [
      [
        { kind: 'denied', holderTtlMs: 5, holder: 'anna' },
        denied,
        { kind: 'denied', holderTtlMs: 9, holder: 'ben' },
        { kind: 'denied', holderTtlMs: 7, holder: 'eva' },
      ],
      { kind: 'denied', holderTtlMs: 9, holder: 'ben' },
    ],
  ])('to acquire: %j', (votes, merged) => {
    expect(mergeAcquireVotes(votes)).toEqual(merged);
  });

  it.each<[ExtendVote[], ExtendVote]>([
    [[granted, granted], granted],
    [[granted, { kind: 'denied', healed: false }], { kind: 'denied', healed: false }],
    [
      [
        { kind: 'denied', healed: true },
        { kind: 'denied', healed: false },
      ],
      { kind: 'denied', healed: true },
    ],
    [[failed, { kind: 'denied', healed: true }], failed],
  ])('to extend: %j', (votes, merged) => {
    expect(mergeExtendVotes(votes)).toEqual(merged);
  });

  it.each<[ReleaseVote[], ReleaseVote]>([
    [[granted, granted], granted],
    [[granted, denied], denied],
    [[denied, failed], failed],
  ])('to release: %j', (votes, merged) => {
    expect(mergeReleaseVotes(votes)).toEqual(merged);
  });
});
