import { UnorderedBag, type InUnorderedBag } from '../../../lib/collections/unordered-bag';

const member = (): InUnorderedBag => ({ bagPosition: -1 });

describe('Bag', () => {
  const [a, b, c] = [member(), member(), member()] as const;
  let bag: UnorderedBag<InUnorderedBag>;

  beforeEach(() => {
    bag = new UnorderedBag();
    for (const one of [a, b, c]) {
      one.bagPosition = -1;
      bag.add(one);
    }
  });

  it.each([
    ['first', a, [b, c]],
    ['middle', b, [a, c]],
    ['last', c, [a, b]],
  ])('forgets the %s, and that alone', (_, gone, rest) => {
    bag.remove(gone);

    expect(new Set(bag.all())).toEqual(new Set(rest));
    expect(bag.all()).toHaveLength(2);
    expect(bag.size).toBe(2);
  });

  it('forgets all of them, in any order', () => {
    for (const gone of [a, c, b]) bag.remove(gone);

    expect(bag.size).toBe(0);
  });

  it('takes a member once, and back when it was removed', () => {
    bag.add(a);
    expect(bag.size).toBe(3);

    bag.remove(a);
    bag.remove(a);
    expect(bag.size).toBe(2);

    bag.add(a);
    expect(bag.all()).toContain(a);
  });

  it('gives a list that stays as it is while members leave', () => {
    for (const one of bag.all()) bag.remove(one);

    expect(bag.size).toBe(0);
  });
});
