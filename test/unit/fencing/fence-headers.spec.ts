import { fenceHeaders, fenceOf, readFence } from '../../../lib/fencing';

const lock = { resources: ['order:7'], ownerToken: 'anna', fencingToken: 1_700_000_000_000_001 };
const lowerCase = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

describe('the headers of a fence', () => {
  it('say what the lock has, and are read as that by Node and by fetch', () => {
    const headers = fenceHeaders(lock);

    expect(Object.keys(headers)).toEqual(['Fencing-Token', 'Fencing-Owner']);
    expect(readFence(lowerCase(headers))).toEqual(fenceOf(lock));
    expect(readFence(new Headers(headers))).toEqual(fenceOf(lock));
  });

  it('are missing when there is none of them', () => {
    expect(readFence({ accept: '*/*' })).toBeUndefined();
    expect(readFence(new Headers())).toBeUndefined();
  });

  it.each([
    ['no owner', { 'fencing-token': '5' }],
    ['no token', { 'fencing-owner': 'anna' }],
    ['zero', { 'fencing-token': '0', 'fencing-owner': 'anna' }],
    ['a negative number', { 'fencing-token': '-5', 'fencing-owner': 'anna' }],
    ['an exponent', { 'fencing-token': '1.79e15', 'fencing-owner': 'anna' }],
    ['a fraction', { 'fencing-token': '5.5', 'fencing-owner': 'anna' }],
    ['more than is exact', { 'fencing-token': '9007199254740993', 'fencing-owner': 'anna' }],
    ['a number in spaces', { 'fencing-token': ' 5', 'fencing-owner': 'anna' }],
    ['two numbers', { 'fencing-token': '5, 6', 'fencing-owner': 'anna' }],
    ['two owners', { 'fencing-token': '5', 'fencing-owner': 'anna, ben' }],
    ['a list', { 'fencing-token': ['5'], 'fencing-owner': 'anna' }],
    ['an empty owner', { 'fencing-token': '5', 'fencing-owner': '' }],
    ['an endless owner', { 'fencing-token': '5', 'fencing-owner': 'a'.repeat(129) }],
  ])('are refused with %s', (_, headers) => {
    expect(() => readFence(headers)).toThrow(
      expect.objectContaining({ code: 'FENCE_INVALID', status: 400 }) as Error,
    );
  });

  it('are refused with a number of a later year, unless any is wanted', () => {
    const headers = { 'fencing-token': String(Number.MAX_SAFE_INTEGER), 'fencing-owner': 'anna' };

    expect(() => readFence(headers)).toThrow(
      expect.objectContaining({ code: 'FENCE_AHEAD', status: 400 }) as Error,
    );
    expect(readFence(headers, { maxAhead: Infinity })).toEqual({
      token: Number.MAX_SAFE_INTEGER,
      owner: 'anna',
    });
    expect(() => readFence(headers, { maxAhead: -1 })).toThrow(
      expect.objectContaining({ code: 'LOCK_OPTIONS_INVALID', option: 'maxAhead' }) as Error,
    );
  });
});
