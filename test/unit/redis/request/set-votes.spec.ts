import type { AcquireRequest } from '../../../../lib/ports/lock-node.interface';
import { leaveVoteFrom, plainGrantFrom, setAcquireVoteFrom } from '../../../../lib/redis/request/set-votes';

const TIME = '1790000000123456';
const MICROS = 1_790_000_000_123_456;
const NUMBER = '1790000000000001';

const REQUEST: AcquireRequest = { resources: ['a'], ownerToken: 'anna', ttlMs: 1_000, askHolderTtl: true };
const IN_LINE: AcquireRequest = { ...REQUEST, line: { id: 'place', entryMs: 1_000 } };
const NUMBERED: AcquireRequest = { ...REQUEST, fence: { proposal: 1, skewMicros: 1, keepMs: 1 } };
const TWO_PERMITS: AcquireRequest = { ...REQUEST, limit: { limit: 4, permits: 2, start: 0 } };

describe('the reply to a reader, to a caller of permits or in line', () => {
  it.each<[string, unknown[], AcquireRequest, object]>([
    ['a grant', [TIME, 'g', '', '', 0], REQUEST, { kind: 'granted' }],
    ['a grant in line', [TIME, 'g', '', '', 2], IN_LINE, { kind: 'granted', inLine: 2, nodeMicros: MICROS }],
    ['a grant that replaces', [TIME, 'p', '', '', 0], REQUEST, { kind: 'granted', replaced: true }],
    [
      'a grant with a number',
      [TIME, 'g', NUMBER, '', 0],
      NUMBERED,
      { kind: 'granted', fence: Number(NUMBER) },
    ],
    ['a grant without the number that was asked for', [TIME, 'g', '', '', 0], NUMBERED, { kind: 'granted' }],
    ['a grant of permits', [TIME, 'g', '', '0,3', 0], TWO_PERMITS, { kind: 'granted', slots: [0, 3] }],
    [
      'a holder',
      [TIME, 'd', 'held', 70, 'ben', 3],
      IN_LINE,
      { kind: 'denied', by: 'held', holderTtlMs: 70, holder: 'ben', ahead: 3, nodeMicros: MICROS },
    ],
    [
      'readers',
      [TIME, 'd', 'shared', 70, '', 0],
      REQUEST,
      { kind: 'denied', by: 'shared', holderTtlMs: 70, nodeMicros: MICROS },
    ],
    [
      'a limit',
      [TIME, 'd', 'limit', 70, '', 0],
      REQUEST,
      { kind: 'denied', by: 'limit', freeInMs: 70, nodeMicros: MICROS },
    ],
    [
      'a line',
      [TIME, 'd', 'line', -1, '', 0],
      REQUEST,
      { kind: 'denied', by: 'line', freeInMs: Infinity, nodeMicros: MICROS },
    ],
  ])('tells of %s', (_what, reply, request, vote) => {
    expect(setAcquireVoteFrom(reply, request)).toStrictEqual(vote);
  });

  it.each<[string, unknown, AcquireRequest]>([
    ['a text', 'g', REQUEST],
    ['nothing', null, REQUEST],
    ['an empty list', [], REQUEST],
    ['a time that is a number', [MICROS, 'g', '', '', 0], REQUEST],
    ['another time', ['soon', 'g', '', '', 0], REQUEST],
    ['another answer', [TIME, 'x', '', '', 0], REQUEST],
    ['another number', [TIME, 'g', 'many', '', 0], NUMBERED],
    ['a number that nobody asked for', [TIME, 'g', NUMBER, '', 0], REQUEST],
    ['no permits', [TIME, 'g', '', '', 0], TWO_PERMITS],
    ['too few permits', [TIME, 'g', '', '3', 0], TWO_PERMITS],
    ['other permits', [TIME, 'g', '', 'a,b', 0], TWO_PERMITS],
    ['permits in another form', [TIME, 'g', '', [0, 3], 0], TWO_PERMITS],
    ['no count of those in line', [TIME, 'g', '', ''], IN_LINE],
    ['a negative count of those in line', [TIME, 'g', '', '', -1], IN_LINE],
    ['a part of one in line', [TIME, 'g', '', '', 0.5], IN_LINE],
    ['another reason', [TIME, 'd', 'maybe', 70, '', 0], REQUEST],
    ['a time left that none is', [TIME, 'd', 'held', -5, '', 0], REQUEST],
    ['another holder', [TIME, 'd', 'held', 70, 7, 0], REQUEST],
    ['no count of those before', [TIME, 'd', 'held', 70, ''], REQUEST],
  ])('is not understood with %s', (_what, reply, request) => {
    expect(setAcquireVoteFrom(reply, request)).toMatchObject({
      kind: 'failed',
      error: { code: 'UNEXPECTED_REPLY' },
    });
  });
});

describe('the short reply in a batch', () => {
  it('is a grant', () => {
    expect(plainGrantFrom('g', MICROS, REQUEST)).toStrictEqual({ kind: 'granted' });
    expect(plainGrantFrom('g0,3', MICROS, TWO_PERMITS)).toStrictEqual({ kind: 'granted', slots: [0, 3] });
  });

  it('tells the time of its own batch to callers in line, which share the object', () => {
    const first = plainGrantFrom('g', MICROS, IN_LINE);
    expect(first).toStrictEqual({ kind: 'granted', inLine: 0, nodeMicros: MICROS });
    expect(plainGrantFrom('g', MICROS, IN_LINE)).toBe(first);

    expect(plainGrantFrom('g', MICROS + 1, IN_LINE)).toMatchObject({ nodeMicros: MICROS + 1 });
    expect(first).toMatchObject({ nodeMicros: MICROS });
  });

  it.each<[string, AcquireRequest]>([
    ['x', REQUEST],
    ['', REQUEST],
    ['g', TWO_PERMITS],
    ['g3', TWO_PERMITS],
    ['x0,3', TWO_PERMITS],
  ])('%j is not understood', (reply, request) => {
    expect(plainGrantFrom(reply, MICROS, request).kind).toBe('failed');
  });
});

describe('the reply to who leaves the line', () => {
  it.each<[unknown, string]>([
    [1, 'granted'],
    [0, 'denied'],
    [2, 'failed'],
    ['1', 'failed'],
    [null, 'failed'],
  ])('%j is read as %s', (reply, kind) => {
    expect(leaveVoteFrom(reply).kind).toBe(kind);
  });
});
