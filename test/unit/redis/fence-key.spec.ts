import fc from 'fast-check';
import { fenceKey } from '../../../lib/redis/fence-key';
import { keySlot } from '../../../lib/redis/key-slot';

const keys = fc
  .string({ unit: fc.constantFrom('{', '}', 'a', ':', 'ß'), maxLength: 12 })
  .map((name) => `lock:${name}`);

describe('the place of a counter', () => {
  it('is in the slot of the key, whatever braces that has', () => {
    fc.assert(
      fc.property(keys, (key) => {
        expect(keySlot(fenceKey(key))).toBe(keySlot(key));
      }),
    );
  });

  it('is another one for every key', () => {
    fc.assert(
      fc.property(keys, keys, (one, other) => {
        fc.pre(one !== other);
        expect(fenceKey(one)).not.toBe(fenceKey(other));
      }),
    );
  });

  it.each([
    ['lock:a', 'fence:{lock:a}'],
    ['lock:{tag}:a', 'fence:lock:{tag}:a'],
    ['lock:a}b', 'fence:{1977}:lock:a}b'],
  ])('is the same for every process: of %s it is %s', (key, place) => {
    expect(fenceKey(key)).toBe(place);
  });
});
