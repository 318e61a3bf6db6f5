import { assertFenced, fenceHeaders, fenceOf, StaleFenceError } from '../../../lib/fencing';
import { mayFollow } from '../../../lib/fencing/fence';
import { LockError } from '../../../lib/errors/lock.error';

const lock = {
  resources: ['order:7'],
  ownerToken: 'host:1:abcd:secret',
  fencingToken: 1_790_000_000_000_001,
};

describe('the fence of a lock', () => {
  it('is its token, and a word for the hold that does not give it away', () => {
    const fence = fenceOf(lock);

    expect(fence).toEqual({
      token: lock.fencingToken,
      owner: expect.stringMatching(/^[\w-]{22}$/) as string,
    });
    expect(fence).toEqual(fenceOf({ ...lock }));
    expect(fenceOf({ ...lock, ownerToken: 'another' }).owner).not.toBe(fence.owner);
  });

  it('is refused for a lock without a token', () => {
    expect(() => fenceOf({ ...lock, fencingToken: undefined })).toThrow(
      expect.objectContaining({ code: 'LOCK_OPTIONS_INVALID', option: 'fencing' }) as Error,
    );
  });

  it.each([undefined, null, {}, 'order:7'])('is refused for %j, which is no lock', (value) => {
    const refused = expect.objectContaining({ code: 'LOCK_OPTIONS_INVALID', option: 'lock' }) as Error;

    expect(() => fenceOf(value as never)).toThrow(refused);
    expect(() => {
      assertFenced(1, value as never);
    }).toThrow(refused);
    expect(() => fenceHeaders(value as never)).toThrow(refused);
  });

  it.each([
    ['nothing', undefined, true],
    ['an earlier hold', { token: 4, owner: 'eva' }, true],
    ['itself', { token: 5, owner: 'anna' }, true],
    ['another hold of the same number', { token: 5, owner: 'eva' }, false],
    ['a later hold', { token: 6, owner: 'anna' }, false],
  ])('may follow %s: %s %s', (_, last, may) => {
    expect(mayFollow({ token: 5, owner: 'anna' }, last)).toBe(may);
  });
});

describe('the error of a stale fence', () => {
  it('is a lock error that tells what was refused, and what to do', () => {
    const error = new StaleFenceError({ resources: ['order:7'], token: 5, newerToken: 6 });

    expect(error).toBeInstanceOf(LockError);
    expect(error).toMatchObject({
      name: 'StaleFenceError',
      code: 'LOCK_FENCE_STALE',
      resources: ['order:7'],
      token: 5,
      newerToken: 6,
    });
    expect(error.message).toMatch(
      /token 5 .*"order:7" was refused: a later holder \(6\).* Stop the work that it protected/,
    );
  });
});

describe('assertFenced', () => {
  it.each([
    [1],
    [{ rowCount: 1 }],
    [{ affectedRows: 2 }],
    [{ affected: 1 }],
    [{ count: 1 }],
    [{ changes: 1n }],
  ])('is content with %p', (result) => {
    expect(() => {
      assertFenced(result, lock);
    }).not.toThrow();
  });

  it.each([
    [0],
    [{ rowCount: 0 }],
    [{ affectedRows: 0 }],
    [{ affected: 0 }],
    [{ count: 0 }],
    [{ changes: 0n }],
  ])('throws for %p', (result) => {
    expect(() => {
      assertFenced(result, lock);
    }).toThrow(
      expect.objectContaining({
        code: 'LOCK_FENCE_STALE',
        token: lock.fencingToken,
        newerToken: undefined,
      }) as Error,
    );
  });

  it('says what else it may be, since no row was changed', () => {
    expect(() => {
      assertFenced(0, lock);
    }).toThrow(
      /was refused: a later holder has been there\. No row was changed; make sure that the row exists\./,
    );
  });

  it.each([[undefined], [null], ['1'], [{}], [{ rowCount: null }], [{ affected: null }], [NaN], [[]]])(
    'does not guess what %p says',
    (result) => {
      expect(() => {
        assertFenced(result as number, lock);
      }).toThrow(TypeError);
    },
  );
});
