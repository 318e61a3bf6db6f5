import type { LoneHolder, PlaceInLine } from '../../../../lib/locking/waiting/place-in-line';
import { WaitingLine } from '../../../../lib/locking/waiting/waiting-line';

/** A line, and the names of those who became first after they had to wait, in order. */
function setUp() {
  const line = new WaitingLine();
  const served: string[] = [];
  const join = (name: string, ...resources: string[]): PlaceInLine<unknown> =>
    line.join(resources, { ...PLAIN, onFirst: () => served.push(name) });
  return { line, served, join };
}

const PLAIN = { ttlMs: 1, fencing: false, autoExtend: true };

function holderOf(resource: string, ownerToken: string): LoneHolder<unknown> {
  return { resources: [resource], ownerToken, place: undefined };
}

describe('WaitingLine', () => {
  it('puts the first of a resource first at once, and calls nobody', () => {
    const { served, join } = setUp();

    const place = join('anna', 'a');

    expect(place.isFirst).toBe(true);
    expect(served).toEqual([]);
  });

  it('serves in the order in which they came', () => {
    const { served, join } = setUp();
    const anna = join('anna', 'a');
    const ben = join('ben', 'a');
    const carl = join('carl', 'a');

    anna.leave();
    ben.leave();

    expect(served).toEqual(['ben', 'carl']);
    expect([ben.isFirst, carl.isFirst]).toEqual([false, true]);
  });

  it('keeps nothing of a caller that has its lease but the lease, and tells those behind it whose it is', () => {
    const { line, served, join } = setUp();
    const anna = join('anna', 'a');
    const ben = join('ben', 'a');
    const lease = { ownerToken: 'token-of-anna' };

    anna.hold(lease);

    expect(anna.waiter).toBeUndefined();
    expect(ben.inTheWay).toBe(lease);
    expect(line.firstOf(['a'])).toBe(lease);
    expect(anna.successor).toBe(ben.waiter);
    anna.leave();
    expect(served).toEqual(['ben']);
  });

  describe('with a holder that nobody stands behind', () => {
    it('keeps the holder alone, and lets it leave once', () => {
      const { line, join } = setUp();
      const anna = holderOf('a', 'token-of-anna');

      expect(join('anna', 'a').giveTo(anna)).toBe(true);

      expect(anna.place).toBeUndefined();
      expect(line.firstOf(['a'])).toBe(anna);
      expect([line.isLongerThan(0, ['a']), line.isLongerThan(1, ['a'])]).toEqual([true, false]);
      expect([line.frontOf('a'), line.nextIn('a')]).toEqual([undefined, undefined]);
      line.leave(anna);
      expect(line.isEmpty).toBe(true);
      const ben = join('ben', 'a');
      line.leave(anna);
      expect([ben.isFirst, line.isEmpty]).toEqual([true, false]);
    });

    it('gives it a place when another caller comes, which gets what it leaves', () => {
      const { line, served, join } = setUp();
      const anna = holderOf('a', 'token-of-anna');
      const turns: unknown[] = [];
      join('anna', 'a').giveTo(anna);

      const ben = line.join(['a'], { ...PLAIN, onFirst: (turn) => turns.push(turn) });
      join('carl', 'a');

      expect(ben.isFirst).toBe(false);
      expect(ben.inTheWay).toBe(anna);
      expect([anna.place?.isFirst, anna.place?.followers]).toEqual([true, 2]);
      expect(anna.place?.successor).toBe(ben.waiter);
      line.leave(anna, 'what she had');
      line.leave(anna, 'what she had');
      expect(turns).toEqual(['what she had']);
      expect(served).toEqual([]);
      ben.leave();
      expect(served).toEqual(['carl']);
    });

    it('does not do so for a holder of several resources, for one that others wait for, or in no line', () => {
      const { join } = setUp();
      const [several, busy, nowhere] = [join('anna', 'a', 'b'), join('ben', 'c'), join('carl')];
      join('dora', 'c');

      const given = [several, busy, nowhere].map((place) => place.giveTo(holderOf('a', 'token')));

      expect(given).toEqual([false, false, false]);
      expect([several.isFirst, busy.isFirst, nowhere.isFirst]).toEqual([true, true, true]);
    });
  });

  it('has nobody at a place that was given to its holder', () => {
    const { join } = setUp();
    const place = join('anna', 'a');

    place.giveTo(holderOf('a', 'token-of-anna'));

    expect([place.isFirst, place.isForOneResource]).toEqual([false, false]);
  });

  it('counts those behind in the longest of the lines of a caller', () => {
    const { join } = setUp();
    const anna = join('anna', 'a', 'b', 'c');
    join('ben', 'a');
    join('carl', 'b');
    join('dora', 'b');

    expect(anna.followers).toBe(2);
  });

  it('serves those behind in the lines that one leaves, and keeps it first in the others', () => {
    const { served, join } = setUp();
    const anna = join('anna', 'a', 'b', 'c');
    join('ben', 'a');
    join('carl', 'b');
    join('dora', 'c');

    anna.leaveSome(['a', 'c']);
    expect([served, anna.isFirst, anna.followers]).toEqual([['ben', 'dora'], true, 1]);
    anna.leave();

    expect(served).toEqual(['ben', 'dora', 'carl']);
  });

  it('knows that a caller is alone in the fleet only as the last release told it for all of its lines', () => {
    const { join } = setUp();
    const anna = join('anna', 'a', 'b');
    expect(anna.isKnownAlone).toBe(false);
    const ben = join('ben', 'a');
    join('carl', 'b');

    anna.learnOfOthers(false);
    expect([anna.isKnownAlone, ben.isKnownAlone]).toEqual([true, true]);
    anna.learnOfOthers(true);
    expect([anna.isKnownAlone, ben.isKnownAlone]).toEqual([false, false]);
    anna.learnOfOthers(false);
    anna.leave();

    expect([anna.isKnownAlone, ben.isKnownAlone]).toEqual([false, true]);
  });

  it('closes the gap of one who leaves in the middle', () => {
    const { served, join } = setUp();
    const anna = join('anna', 'a');
    const ben = join('ben', 'a');
    const carl = join('carl', 'a');

    ben.leave();
    expect(carl.isFirst).toBe(false);
    anna.leave();

    expect(served).toEqual(['carl']);
  });

  it('lets one who left at the end be followed by a newcomer', () => {
    const { served, join } = setUp();
    const anna = join('anna', 'a');
    join('ben', 'a').leave();
    join('carl', 'a');

    anna.leave();

    expect(served).toEqual(['carl']);
  });

  it('is not reached through those who left', () => {
    const { join } = setUp();
    const [, ben] = [join('anna', 'a', 'b'), join('ben', 'a', 'b'), join('carl', 'a', 'b')];
    const [other] = (ben as unknown as { readonly others: readonly object[] }).others;

    ben.leave();

    for (const stand of [ben, other])
      expect(stand).toMatchObject({ line: undefined, before: undefined, behind: undefined });
  });

  it('does not mix different resources', () => {
    const { join } = setUp();
    join('anna', 'a');

    expect(join('ben', 'b').isFirst).toBe(true);
  });

  it('serves one with several resources when it is first for all of them', () => {
    const { served, join } = setUp();
    const anna = join('anna', 'a');
    const ben = join('ben', 'b');
    const both = join('both', 'a', 'b');

    anna.leave();
    expect(both.isFirst).toBe(false);
    ben.leave();

    expect(served).toEqual(['both']);
  });

  it('does not deadlock two with the same resources in opposite orders', () => {
    const { served, join } = setUp();
    const there = join('there', 'a', 'b');
    const back = join('back', 'b', 'a');
    expect([there.isFirst, back.isFirst]).toEqual([true, false]);

    there.leave();

    expect(served).toEqual(['back']);
  });

  it('does not deadlock a ring of waiters that share one resource with each neighbour', () => {
    const { served, join } = setUp();
    const names = ['a', 'b', 'c', 'd', 'e'];
    const places = names.map((name, position) => join(name, name, names[(position + 1) % 5] ?? ''));

    for (const place of places) place.leave();

    expect(served).toEqual(['b', 'c', 'd', 'e']);
  });

  it('bears leaving twice without serving anybody twice', () => {
    const { served, join } = setUp();
    const anna = join('anna', 'a');
    join('ben', 'a');
    join('carl', 'a');

    anna.leave();
    anna.leave();

    expect(served).toEqual(['ben']);
  });

  it('bears one who leaves the moment it is served', () => {
    const line = new WaitingLine();
    const served: string[] = [];
    const anna = line.join(['a'], { ttlMs: 1, fencing: false, autoExtend: true, onFirst: () => undefined });
    const ben = line.join(['a'], {
      ttlMs: 1,
      fencing: false,
      autoExtend: true,
      onFirst: () => {
        served.push('ben');
        ben.leave();
      },
    });
    line.join(['a'], { ttlMs: 1, fencing: false, autoExtend: true, onFirst: () => served.push('carl') });

    anna.leave();

    expect(served).toEqual(['ben', 'carl']);
  });

  it('forgets nobody among 1,000 waiters of whom every third gives up', () => {
    const { line, served, join } = setUp();
    const places = Array.from({ length: 1_000 }, (_, number) => join(`w${number}`, 'a'));
    places.forEach((place, number) => {
      if (number % 3 === 2) place.leave();
    });

    places.forEach((place, number) => {
      if (number % 3 === 2) return;
      expect(place.isFirst).toBe(true);
      place.leave();
    });

    expect(served).toHaveLength(666);
    expect(line.isEmpty).toBe(true);
  });

  it('keeps nothing in memory when the last one has left', () => {
    const { line, join } = setUp();
    const places = [join('anna', 'a', 'b'), join('ben', 'b', 'c'), join('carl', 'c')];
    expect(line.isEmpty).toBe(false);

    for (const place of places) place.leave();

    expect(line.isEmpty).toBe(true);
  });
});
