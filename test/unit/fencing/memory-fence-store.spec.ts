import { MemoryFenceStore } from '../../../lib/fencing';
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
});
