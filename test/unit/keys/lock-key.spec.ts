import { LockKeyError } from '../../../lib/errors/lock-key.error';
import { compileLockKey } from '../../../lib/keys/lock-key';
import { methodKeySource } from '../../../lib/keys/method-key';

const compile = (key: unknown) => compileLockKey(key, methodKeySource);

describe('a lock key', () => {
  it('of several templates gives a resource for each', () => {
    const resolve = compile(['account:<0.from>', 'account:<0.to>']);

    expect(resolve({ instance: {}, args: [{ from: 1, to: 2 }] })).toEqual(['account:1', 'account:2']);
  });

  it('that is a function gets what the method gets, and its result is taken as it is', () => {
    const resolve = compile(function (this: { region: string }, id: string) {
      return `${this.region}/<${id}>`;
    });

    expect(resolve({ instance: { region: 'eu' }, args: ['7'] })).toBe('eu/<7>');
  });

  it('that is a function may throw an error of its own', () => {
    const error = new Error('mine');
    const resolve = compile(() => {
      throw error;
    });

    expect(() => resolve({ instance: {}, args: [] })).toThrow(error);
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['number', 7],
    ['an empty string', ''],
    ['an empty array', []],
    ['an array with other things', ['a', 7]],
    ['an array with other things', ['a', '']],
    ['a promise', Promise.resolve('a')],
  ])('that is a function must not return %s: %p', (what, result) => {
    const resolve = compile(() => result);

    expect(() => resolve({ instance: {}, args: [] })).toThrow(LockKeyError);
    expect(() => resolve({ instance: {}, args: [] })).toThrow(what);
  });

  it.each([undefined, null, 7, {}, [], ['a', 7], [['a']]])('must not be %p', (key) => {
    expect(() => compile(key)).toThrow(LockKeyError);
  });
});
