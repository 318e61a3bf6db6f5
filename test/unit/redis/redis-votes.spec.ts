import { acquireVoteFrom, extendVoteFrom, holdFrom, releaseVoteFrom } from '../../../lib/redis/redis-votes';

const ODD = [
  undefined,
  true,
  false,
  'ok',
  'QUEUED',
  '1',
  '',
  {},
  [],
  [1],
  NaN,
  -2,
  -3,
  1.5,
  2 ** 60,
  3,
  Buffer.from('OK'),
];

describe('replies of a server that is broken', () => {
  it.each([...ODD, 'PONG'].map((reply) => [reply]))('%p is never a grant, a denial or a hold', (reply) => {
    if (reply !== 3) expect(acquireVoteFrom(reply).kind).toBe('failed');
    expect(extendVoteFrom(reply).kind).toBe('failed');
    // 3 says that two processes wait.
    if (reply !== 3) expect(releaseVoteFrom(reply).kind).toBe('failed');
    expect(holdFrom(reply)).toMatchObject({ kind: 'failed' });
  });

  it.each([[['anna']], [['anna', -2]], [['anna', '5']], [[1, 5]], [[null, 5]]])('%j is no hold', (reply) => {
    expect(holdFrom(reply)).toMatchObject({ kind: 'failed' });
  });
});

describe('replies of a server', () => {
  it('are read as the scripts mean them', () => {
    expect(acquireVoteFrom('OK')).toEqual({ kind: 'granted' });
    expect(acquireVoteFrom(null)).toEqual({ kind: 'denied' });
    expect(acquireVoteFrom(0)).toEqual({ kind: 'denied', holderTtlMs: 0 });
    expect(acquireVoteFrom(-1)).toEqual({ kind: 'denied', holderTtlMs: Infinity });
    expect([0, 1, 2].map(extendVoteFrom)).toEqual([
      { kind: 'denied', healed: false },
      { kind: 'granted' },
      { kind: 'denied', healed: true },
    ]);
    expect([0, 1].map(releaseVoteFrom)).toEqual([{ kind: 'denied' }, { kind: 'granted' }]);
    expect(holdFrom(null)).toBeNull();
    expect(holdFrom(['anna', 5])).toEqual({ ownerToken: 'anna', ttlMs: 5 });
  });
});
