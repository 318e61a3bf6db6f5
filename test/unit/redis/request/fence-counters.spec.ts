import fc from 'fast-check';
import { FenceCounters } from '../../../../lib/redis/request/fence-counters';
import { hashTag, keySlot } from '../../../../lib/redis/script/key-slot';

const text = fc.string({ unit: fc.constantFrom('{', '}', 'a', ':', 'ß'), maxLength: 12 });

describe('the place of a counter', () => {
  it('is in the slot of the key, whatever braces the prefix and the name have', () => {
    fc.assert(
      fc.property(text, text, (prefix, name) => {
        const key = prefix + name;
        const counter = new FenceCounters(prefix).of(key);

        expect(keySlot(counter)).toBe(keySlot(key));
      }),
      { numRuns: 300 },
    );
  });

  it('is one of 16,384 at most, however many names there are', () => {
    const counters = new FenceCounters('lock:');
    const places = new Set(Array.from({ length: 200_000 }, (_, i) => counters.of(`lock:order:${i}`)));

    expect(places.size).toBeLessThanOrEqual(16_384);
    expect(places.size).toBeGreaterThan(16_000);
  });

  it('is one of many too where all locks are in one slot', () => {
    const counters = new FenceCounters('{tenant7}:lock:');
    const names = Array.from({ length: 1_000 }, (_, i) => `{tenant7}:lock:order:${i}`);

    expect(new Set(names.map((name) => counters.of(name))).size).toBeGreaterThan(900);
    expect(new Set(names.map((name) => hashTag(counters.of(name))))).toEqual(new Set(['tenant7']));
  });

  it('is below the prefix, and tells nothing of the name', () => {
    fc.assert(
      fc.property(text, text, (prefix, name) => {
        const counter = new FenceCounters(prefix).of(prefix + name);

        expect(counter.startsWith(`${prefix}#fence:`)).toBe(true);
        expect(counter.slice(`${prefix}#fence:`.length)).toMatch(/^\d{1,6}$/);
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['lock:', 'lock:a', 'lock:#fence:9427'],
    ['lock:', 'lock:{tag}:a', 'lock:#fence:3269'],
    ['{t}:', '{t}:a', '{t}:#fence:15495'],
  ])('is the same for every process: with %s, of %s it is %s', (prefix, key, place) => {
    expect(new FenceCounters(prefix).of(key)).toBe(place);
  });
});
