import { LockKeyError } from '../../../../lib/errors/lock-key.error';
import { checkResource, checkResources } from '../../../../lib/locking/api/check-resources';

describe('resources', () => {
  it('are sorted and lose their duplicates, so that every node sees them in the same order', () => {
    expect(checkResources(['b', 'a', 'b', 'c', 'a'])).toEqual(['a', 'b', 'c']);
  });

  it('may be one string', () => {
    expect(checkResources('order:7')).toEqual(['order:7']);
  });

  it('leave the array of the caller as it was', () => {
    const resources = ['b', 'a'];

    checkResources(resources);

    expect(resources).toEqual(['b', 'a']);
  });

  it('may have 1,024 characters and no more', () => {
    expect(checkResources('x'.repeat(1_024))).toHaveLength(1);
    expect(() => checkResources('x'.repeat(1_025))).toThrow(/1025 characters; at most 1024/);
  });

  it('may be 1,000 and no more', () => {
    const names = Array.from({ length: 1_001 }, (_, number) => `r${number}`);

    expect(checkResources(names.slice(1))).toHaveLength(1_000);
    expect(() => checkResources(names)).toThrow(/at most 1000/);
  });

  it('count once, however often they are named', () => {
    const names = Array.from({ length: 1_500 }, (_, number) => `r${number % 3}`);

    expect(checkResources(names)).toEqual(['r0', 'r1', 'r2']);
  });

  it.each([
    ['undefined', undefined, /not of type undefined/],
    ['null', null, /not null/],
    ['a number', 7, /not of type number/],
    ['an object', {}, /not of type object/],
    ['an empty string', '', /empty/],
    ['an empty array', [], /empty/],
    ['an array with undefined in it', ['a', undefined], /not of type undefined/],
    ['an array with an empty string in it', ['a', ''], /empty/],
    ['an array with a hole', new Array<string>(1), /not of type undefined/],
    ['an array in an array', [['a']], /not of type object/],
    ['a name where the nodes keep counters', '#fence:7', /begins with "#fence:"/],
    ['half of a surrogate pair', 'order:\ud83d', /half of a surrogate pair/],
    ['an array of any length', new Array<string>(2 ** 32 - 1), /4294967295 resources; at most 1000/],
  ])('are refused when they are %s', (_, resources, message) => {
    expect(() => checkResources(resources)).toThrow(LockKeyError);
    expect(() => checkResources(resources)).toThrow(message);
  });

  it('are refused with the value in question on the error', () => {
    expect(() => checkResource(7)).toThrow(
      expect.objectContaining({ key: 7, code: 'LOCK_KEY_INVALID' }) as Error,
    );
  });
});
