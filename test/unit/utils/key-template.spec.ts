import { LockKeyError } from '../../../lib/errors/lock-key.error';
import { compileKeyTemplate } from '../../../lib/utils/key-template';
import { methodKeySource } from '../../../lib/utils/method-key';

const resolve = (template: string, args: readonly unknown[], instance: object = {}): string =>
  compileKeyTemplate(template, methodKeySource)({ instance, args });

const errorOf = (run: () => unknown): LockKeyError => {
  try {
    run();
  } catch (error) {
    if (error instanceof LockKeyError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('a key template', () => {
  it.each<[string, unknown[], string]>([
    ['report', [], 'report'],
    ['order:<0>', ['7'], 'order:7'],
    ['<0>', ['7'], '7'],
    ['<1>:<0>', ['a', 'b'], 'b:a'],
    ['order:<0.user.id>', [{ user: { id: 7 } }], 'order:7'],
    ['order:<0.items.1.sku>', [{ items: [{ sku: 'a' }, { sku: 'b' }] }], 'order:b'],
    ['order:<10>', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 'x'], 'order:x'],
    ['a<<b', [], 'a<b'],
    ['<<0>', ['7'], '<0>'],
    ['<<<0>>', ['7'], '<7>'],
    ['order:<0>', [12n], 'order:12'],
    ['order:<0>', [-1.5], 'order:-1.5'],
    ['order:<0>', [0], 'order:0'],
    ['flag:<0>', [false], 'flag:false'],
    ['order:<0>', ['a/b c<d>é'], 'order:a%2Fb%20c%3Cd%3E%C3%A9'],
  ])('%j called with %j locks %j', (template, args, resource) => {
    expect(resolve(template, args)).toBe(resource);
  });

  it('reads a property of the instance, through an inherited getter too', () => {
    class Region {
      get region() {
        return 'eu';
      }
    }
    class Stock extends Region {}

    expect(resolve('stock:<this.region>:<0>', ['sku'], new Stock())).toBe('stock:eu:sku');
  });

  it('never gives one key for two different lists of values', () => {
    expect(resolve('<0>:<1>', ['a:b', 'c'])).not.toBe(resolve('<0>:<1>', ['a', 'b:c']));
  });

  it.each<[string, unknown, string]>([
    ['order:<0>', undefined, 'undefined'],
    ['order:<0>', null, 'null'],
    ['order:<0>', '', 'an empty string'],
    ['order:<0>', NaN, 'NaN'],
    ['order:<0>', Infinity, 'Infinity'],
    ['order:<0>', { id: 'secret' }, 'an object'],
    ['order:<0>', ['secret'], 'an array'],
    ['order:<0>', new Date(0), 'an object'],
    ['order:<0>', Symbol('secret'), 'a symbol'],
    ['order:<0>', () => 'secret', 'a function'],
    ['order:<0.id>', {}, 'undefined'],
    ['order:<0.user.id>', {}, 'undefined'],
    ['order:<0.user.id>', undefined, 'undefined'],
    ['order:<0.toString>', {}, 'a function'],
    ['order:<0>', '\ud800', 'half of a surrogate pair'],
  ])('%j refuses the value %p and says that it is %s', (template, value, what) => {
    const error = errorOf(() => resolve(template, [value]));

    expect(error.message).toContain(template);
    expect(error.message).toContain(template.slice(template.indexOf('<')));
    expect(error.message).toContain(what);
    expect(error.message).not.toContain('secret');
    expect(error.key).toBe(template);
  });

  it('refuses a value whose getter throws, without telling what it threw', () => {
    const argument = {
      get id(): string {
        throw new RangeError('secret');
      },
    };

    const error = errorOf(() => resolve('order:<0.id>', [argument]));

    expect(error.message).toContain('<0.id> could not be read: a getter threw RangeError');
    expect(error.message).not.toContain('secret');
  });

  it.each<[string, string]>([
    ['order:<0', 'the "<" at position 6 is never closed. Close it with ">", or write "<<"'],
    ['order:<0<1>', 'the "<" at position 6 is never closed'],
    ['order:0>', 'the ">" at position 7 has no "<" before it'],
    ['<<0>>', 'the ">" at position 4 has no "<" before it'],
    ['order:<>', 'the "<" at position 6 opens an empty placeholder'],
    ['order:< >', 'the "<" at position 6 opens an empty placeholder'],
    ['<0..id>', 'opens <0..id>, which is not a path'],
    ['<.id>', 'opens <.id>, which is not a path'],
    ['<0.>', 'opens <0.>, which is not a path'],
    ['< 0>', 'opens < 0>, which is not a path'],
    ['<id>', 'A placeholder starts with the position of an argument'],
    ['<-1>', 'A placeholder starts with the position of an argument'],
    ['<01>', 'A placeholder starts with the position of an argument'],
    ['<this>', 'Name a property of the instance'],
    ['<0.__proto__.id>', '__proto__ is not data'],
    ['<0.constructor.name>', 'constructor is not data'],
    ['<prototype>', 'prototype is not data'],
    ['', 'template is empty'],
  ])('refuses %j when it is parsed', (template, problem) => {
    const error = errorOf(() => compileKeyTemplate(template, methodKeySource));

    expect(error.message).toContain(problem);
    expect(error.key).toBe(template);
  });
});
