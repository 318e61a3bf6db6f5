import fc from 'fast-check';
import { SmallMap } from '../../../lib/collections/small-map';

describe('a small map', () => {
  it('is like any other map, whatever is set and deleted', () => {
    const step = fc.record({
      key: fc.constantFrom('', 'a', 'b', 'c'),
      value: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
    });

    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const small = new SmallMap<number>();
        const large = new Map<string, number>();
        for (const { key, value } of steps) {
          if (value === undefined) {
            small.delete(key);
            large.delete(key);
          } else {
            small.set(key, value);
            large.set(key, value);
          }
          expect(small.size).toBe(large.size);
          for (const other of ['', 'a', 'b', 'c']) {
            expect(small.get(other)).toBe(large.get(other));
            expect(small.has(other)).toBe(large.has(other));
          }
        }
      }),
    );
  });
});
