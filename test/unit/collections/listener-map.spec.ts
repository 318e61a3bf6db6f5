import { ListenerMap } from '../../../lib/collections/listener-map';

function setUp() {
  const map = new ListenerMap<string>();
  const heard: string[] = [];
  const listener = (name: string) => ({ hear: (event: string) => void heard.push(`${name}: ${event}`) });
  return { map, heard, listener };
}

describe('ListenerMap', () => {
  it.each([1, 2, 3])('tells %d of a key, counts them, and nobody of another key', (count) => {
    const { map, heard, listener } = setUp();
    for (let i = 1; i <= count; i++) map.add('a', listener(`${i}`));
    map.add('b', listener('other'));

    map.call('a', 'news');

    expect(heard).toEqual(Array.from({ length: count }, (_, i) => `${i + 1}: news`));
    expect(map.count('a')).toBe(count);
    expect(map.keys()).toEqual(['a', 'b']);
  });

  it.each([1, 2, 3])('keeps nothing of a key when the last of %d has left', (count) => {
    const { map, listener } = setUp();
    const all = Array.from({ length: count }, (_, i) => listener(`${i}`));
    for (const one of all) map.add('a', one);

    for (const one of all) {
      expect(map.has('a')).toBe(true);
      map.remove('a', one);
      map.remove('a', one);
    }

    expect(map.isEmpty).toBe(true);
    expect(map.count('a')).toBe(0);
  });

  it('does not remove one for another', () => {
    const { map, listener } = setUp();
    map.add('a', listener('anna'));

    map.remove('a', listener('ben'));

    expect(map.count('a')).toBe(1);
  });

  it('tells all who listen at that moment, also where one of them leaves or comes', () => {
    const { map, heard, listener } = setUp();
    const late = listener('late');
    const ben = listener('ben');
    map.add('a', {
      hear: () => {
        map.remove('a', ben);
        map.add('a', late);
      },
    });
    map.add('a', ben);

    map.call('a', 'news');

    expect(heard).toEqual(['ben: news']);
    expect(map.count('a')).toBe(2);
  });
});
