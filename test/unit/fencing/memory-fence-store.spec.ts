import { type FenceStore, MemoryFenceStore, RedisFenceStore } from '../../../lib/fencing';
import { VirtualClock } from '../../helpers/virtual-clock';

const anna = { token: 5, owner: 'anna' };
const ben = { token: 6, owner: 'ben' };

describe('MemoryFenceStore', () => {
  it('takes what comes in order, and nothing that is late', () => {
    const store = new MemoryFenceStore();

    const taken = [anna, anna, ben, anna, { token: 6, owner: 'eva' }, ben].map((fence) =>
      store.accept('order:7', fence),
    );

    expect(taken).toEqual([true, true, true, false, false, true]);
    expect(store.accept('order:8', anna)).toBe(true);
  });

  it('forgets what was not seen for `keep`, and only that', async () => {
    const clock = new VirtualClock();
    const store = new MemoryFenceStore({ keep: 1_000, clock });
    store.accept('a', ben);
    store.accept('b', ben);
    await clock.advance(600);
    store.accept('a', ben);
    await clock.advance(600);

    expect(store.accept('a', anna)).toBe(false);
    expect(store.accept('b', anna)).toBe(true);
    await clock.advance(2_000);
    store.accept('c', anna);
    expect(store.size).toBe(1);
  });

  it.each([0, -1, 1.5, NaN, Infinity, '5'])('refuses to keep for %p', (keep) => {
    expect(() => new MemoryFenceStore({ keep: keep as number })).toThrow(
      expect.objectContaining({ option: 'keep' }) as Error,
    );
  });

  it('remembers `maxEntries` resources, answers 503 for any more, and forgets none to make place', async () => {
    const clock = new VirtualClock();
    const store = new MemoryFenceStore({ maxEntries: 2, keep: 1_000, clock });
    store.accept('a', ben);
    await clock.advance(500);
    store.accept('b', ben);

    expect(() => store.accept('c', ben)).toThrow(
      expect.objectContaining({ code: 'FENCE_STORE_FULL', status: 503 }) as Error,
    );
    expect(store.size).toBe(2);
    expect([store.accept('a', anna), store.accept('b', anna)]).toEqual([false, false]);
    expect(store.accept('b', { token: 7, owner: 'eva' })).toBe(true);

    await clock.advance(600);
    expect(store.accept('c', ben)).toBe(true);
    expect(store.size).toBe(2);
  });

  it('remembers 100,000 resources unless it is told otherwise', () => {
    const store = new MemoryFenceStore();
    for (let i = 0; i < 100_000; i++) store.accept(`order:${i}`, anna);

    expect(() => store.accept('one more', anna)).toThrow(
      expect.objectContaining({ code: 'FENCE_STORE_FULL' }) as Error,
    );
  });

  it('tells long names apart that begin and end alike', () => {
    const store = new MemoryFenceStore();
    const long = (middle: string) => 'a'.repeat(500) + middle + 'a'.repeat(500);

    expect(store.accept(long('1'), ben)).toBe(true);
    expect(store.accept(long('2'), anna)).toBe(true);
    expect(store.accept(long('1'), anna)).toBe(false);
  });

  it.each([0, -1, 1.5, NaN, Infinity, '5'])('refuses to remember %p resources at most', (maxEntries) => {
    expect(() => new MemoryFenceStore({ maxEntries: maxEntries as number })).toThrow(
      expect.objectContaining({ option: 'maxEntries' }) as Error,
    );
  });
});

describe.each<[string, FenceStore]>([
  ['MemoryFenceStore', new MemoryFenceStore()],
  ['RedisFenceStore', new RedisFenceStore({ evalsha: asked, eval: asked })],
])('%s', (_, store) => {
  const accept = async (resource: unknown, fence: unknown) =>
    store.accept(resource as string, fence as typeof anna);

  it.each([
    ['an empty name', ''],
    ['a name that is too long', 'a'.repeat(1_025)],
    ['half of a surrogate pair', 'a\ud800'],
    ['a number', 7],
    ['a counter of the nodes', '#fence:7'],
  ])('remembers no fence for %s', async (_name, resource) => {
    await expect(accept(resource, anna)).rejects.toMatchObject({ code: 'LOCK_KEY_INVALID' });
  });

  it.each([
    ['no fence', undefined],
    ['a token of text', { token: '5', owner: 'anna' }],
    ['no number', { token: NaN, owner: 'anna' }],
    ['zero', { token: 0, owner: 'anna' }],
    ['a fraction', { token: 5.5, owner: 'anna' }],
    ['more than is exact', { token: 2 ** 53, owner: 'anna' }],
    ['no owner', { token: 5, owner: '' }],
    ['an endless owner', { token: 5, owner: 'a'.repeat(129) }],
    ['an owner that is no text', { token: 5, owner: 7 }],
  ])('remembers nothing for %s, which would keep out all holders', async (_name, fence) => {
    await expect(accept('order:9', fence)).rejects.toMatchObject({ code: 'LOCK_OPTIONS_INVALID' });
  });
});

function asked(): Promise<never> {
  throw new Error('The server was asked.');
}
