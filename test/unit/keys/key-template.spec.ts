import { LockKeyError } from '../../../lib/errors/lock-key.error';
import { compileKeyTemplate } from '../../../lib/keys/key-template';
import { contextKeySource } from '../../../lib/keys/context-key';
import { methodKeySource } from '../../../lib/keys/method-key';

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

  it.each<[string, string]>([
    ['a:${id}', '<0>'],
    ['a:${dto.id}:b', '<0.id>'],
    ['a:${this.region}', '<this.region>'],
    ['a:${id', ''],
    ['a:{0}', '<0>'],
    ['a:{1}', '<1>'],
    ['a:{}', '<0>'],
    ['a:{id}', '<0>'],
    ['a:{ order.id }', '<0.id>'],
    ['a:{order-id}', ''],
    ['{0.user.id}', '<0.user.id>'],
    ['{{0}}', '<0>'],
    ['{{ user.id }}', '<0.id>'],
    ['$0', '<0>'],
    ['a:$1', '<1>'],
    ['a:$id', '<0>'],
    ['a:$.id', '<0>'],
    ['a-$args[0].id', '<0.id>'],
    ['#id', '<0>'],
    ['a:#user.id', '<0.id>'],
    ['#{#id}', '<0>'],
    ['a:#{#p1.id}', '<1.id>'],
    ['#a0', '<0>'],
    ['#root.args[1].id', '<1.id>'],
    ['a:#{id}', '<0>'],
    ['%{id}', '<0>'],
    ['a:%s', '<0>'],
    ['%d:a', '<0>'],
    ['a:%1$s', '<0>'],
    ['a:%(id)s', '<0>'],
    [':id', '<0>'],
    ['/orders/:id', '<0>'],
    ['order::id', '<0>'],
    ['/orders/:orderId/pay', '<0>'],
    ['a:@id', '<0>'],
    ['a:?', '<0>'],
    ['a:[0]', '<0>'],
    ['a:[id]', '<0>'],
    ['a:args[0]', '<0>'],
    ['order:<0>:${line}', '<0>'],
    ['tenant:<this.tenant>:order:{1}', '<1>'],
  ])('refuses %j, a placeholder as others write it, and writes it %j', (template, right) => {
    const error = errorOf(() => compileKeyTemplate(template, methodKeySource));

    expect(error.message).toContain('is a placeholder of other tools');
    expect(error.message).toContain(`Write "${right}`);
    expect(error.key).toBe(template);
  });

  it.each<[string, string]>([
    ['/orders/:id', '<params.id>'],
    ['order:${body.order.id}', '<body.order.id>'],
    ['order:{user.id}', '<user.id>'],
    ['order:{0.id}', '<0.id>'],
    ['order:{body}', '<params.body>'],
    ['order:?', '<params.id>'],
  ])('refuses %j around a handler, and writes it %j', (template, right) => {
    const error = errorOf(() => compileKeyTemplate(template, contextKeySource));

    expect(error.message).toContain(`Write "${right}"`);
  });

  it('tells where such a placeholder stands, and how its text is written where it is meant', () => {
    const error = errorOf(() => compileKeyTemplate('order:<0>:{id}', methodKeySource));

    expect(error.message).toBe(
      'Lock key template "order:<0>:{id}": "{id}" at position 10 is a placeholder of other tools. Here it is constant ' +
        'text, and calls with different values would share one lock. ' +
        `Write "<0>", or "<'{id}'>" where the text itself is meant.`,
    );
  });

  it.each<[string, string]>([
    ["<'{orders}'>:<0>", '{orders}:7'],
    [`<"{orders}">:<0>`, '{orders}:7'],
    ["cash:<'$0'>", 'cash:$0'],
    ["<':id'>", ':id'],
    ["a<' '>b", 'a b'],
  ])('takes the text in %j as it stands', (template, resource) => {
    expect(resolve(template, ['7'])).toBe(resource);
  });

  it.each([
    'order:pay',
    'Order.pay',
    'order:<0>:pay',
    '<0>:id',
    '<0>#id',
    '{<0>}:lines',
    '{tenant:7}:a',
    'App::Order',
    'ticket#7',
    'a#b:c@d',
    'us$',
    'price:$<0>',
    '100%',
    'a%20b',
    'sold?yes',
    'range[1',
    'a/b/c',
    'a b',
    'mail:me@example.org',
    'job:2026-11-29',
  ])('takes %j, which no tool would replace', (template) => {
    expect(() => compileKeyTemplate(template, methodKeySource)).not.toThrow();
  });
});
