import { createRequire } from 'node:module';
import fc from 'fast-check';
import { groupBySlot, keySlot } from '../../../../lib/redis/script/key-slot';

describe('keySlot', () => {
  it.each([
    ['123456789', 12_739],
    ['foo', 12_182],
    ['', 0],
    ['{user1000}.following', keySlot('user1000')],
    ['foo{}{bar}', 8_363],
    ['{}}', 14_790],
    ['foo{{bar}}zap', keySlot('{bar')],
    ['foo{bar}{zap}', keySlot('bar')],
  ])('puts %j into slot %i, as the specification says', (key, slot) => {
    expect(keySlot(key)).toBe(slot);
  });

  // With an empty tag in the key ioredis asks the wrong server, which sends it to the right one.
  it('agrees with what ioredis uses for every key without an empty tag', () => {
    const require = createRequire(createRequire(__filename).resolve('ioredis'));
    const theirs = require('cluster-key-slot') as (key: string) => number;

    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('{', '}', 'a', 'ß', '✓', '😀') }), (key) => {
        fc.pre(!key.includes('{}'));
        expect(keySlot(key)).toBe(theirs(key));
      }),
    );
  });
});

it('groups keys that one server has for certain', () => {
  expect(groupBySlot(['{a}1', 'b', '{a}2', 'b{a}'])).toEqual([['{a}1', '{a}2', 'b{a}'], ['b']]);
});
