import { TURN } from '../../../../lib/ports/lock-mode';
import { holdFrom } from '../../../../lib/redis/request/hold-reply';
import {
  acquireVoteFrom,
  extendVoteFrom,
  lookVoteFrom,
  raiseFenceVoteFrom,
  releaseVoteFrom,
  setVoteFrom,
} from '../../../../lib/redis/request/redis-votes';

const TIME = '1790000000123456';

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
    expect(setVoteFrom(reply).kind).toBe('failed');
    expect(acquireVoteFrom(reply).kind).toBe('failed');
    expect(acquireVoteFrom([TIME, reply]).kind).toBe('failed');
    if (typeof reply !== 'string') expect(acquireVoteFrom([TIME, 3, reply]).kind).toBe('failed');
    expect(acquireVoteFrom([reply, 'OK']).kind).toBe(reply === '1' ? 'granted' : 'failed');
    if (reply !== undefined)
      expect(acquireVoteFrom([TIME, 'OK', reply]).kind).toBe(reply === '1' ? 'granted' : 'failed');
    expect(raiseFenceVoteFrom(reply).kind).toBe('failed');
    expect(extendVoteFrom(reply).kind).toBe('failed');
    expect(lookVoteFrom(reply, 'anna').kind).toBe(typeof reply === 'string' ? 'denied' : 'failed');
    // 3 says that two processes wait.
    if (reply !== 3) expect(releaseVoteFrom(reply).kind).toBe('failed');
    expect(holdFrom(reply)).toMatchObject({ kind: 'failed' });
  });

  it.each([[['anna']], [['anna', 5]], [['anna', -2, 0]], [['anna', '5', 0]], [[1, 5, 0]], [[null, 5, 0]]])(
    '%j is no hold',
    (reply) => {
      expect(holdFrom(reply)).toMatchObject({ kind: 'failed' });
    },
  );
});

describe('replies of a server', () => {
  it('are read as the scripts mean them', () => {
    expect(setVoteFrom('OK')).toEqual({ kind: 'granted' });
    expect(setVoteFrom(null)).toEqual({ kind: 'denied' });
    expect(acquireVoteFrom([TIME, 'OK'])).toEqual({ kind: 'granted' });
    expect(acquireVoteFrom([TIME, 'REPLACED'])).toEqual({ kind: 'granted', replaced: true });
    expect(acquireVoteFrom([TIME, 'OK', '42'])).toEqual({ kind: 'granted', fence: 42 });
    expect(acquireVoteFrom([TIME, 'REPLACED', '42'])).toEqual({ kind: 'granted', replaced: true, fence: 42 });
    expect(acquireVoteFrom([TIME, 0, ''])).toEqual({ kind: 'denied', holderTtlMs: 0 });
    expect(acquireVoteFrom([TIME, -1, 'x'])).toEqual({ kind: 'denied', holderTtlMs: Infinity, holder: 'x' });
    expect([0, 1].map(raiseFenceVoteFrom)).toEqual([{ kind: 'denied' }, { kind: 'granted' }]);
    expect([0, 1, 2].map(extendVoteFrom)).toEqual([
      { kind: 'denied', healed: false },
      { kind: 'granted' },
      { kind: 'denied', healed: true },
    ]);
    expect([0, 1].map(releaseVoteFrom)).toEqual([{ kind: 'denied' }, { kind: 'granted' }]);
    expect(holdFrom(null)).toBeNull();
    expect(holdFrom(['anna', 5, 0])).toEqual({ ownerToken: 'anna', ttlMs: 5 });
    expect(holdFrom(['anna', 5, 2])).toEqual({ ownerToken: 'anna', ttlMs: 5, waiting: 2 });
    expect(holdFrom([TURN, 5, 2])).toBeNull();
  });
});
