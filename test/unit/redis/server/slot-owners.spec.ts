import type { ClusterParts } from '../../../../lib/redis/client/server-client.interface';
import { SlotOwners } from '../../../../lib/redis/server/slot-owners';

/** The masters of the slots 0, 1, … of a cluster; undefined for a slot that nobody has. */
function setUp(...masters: (string | undefined)[]) {
  const cluster = { slots: [] as (string[] | undefined)[] };
  const list = (...names: (string | undefined)[]) => {
    cluster.slots = names.map((name) => (name === undefined ? undefined : [name, 'a-replica']));
  };
  const owners = new SlotOwners(cluster as unknown as ClusterParts);
  list(...masters);
  return { owners, list };
}

describe('the owners of slots', () => {
  it('have moved nothing when they are listed first, nor when they stay', () => {
    const { owners } = setUp('a', 'b');

    expect([owners.takeMoves().size, owners.takeMoves().size]).toEqual([0, 0]);
  });

  it('tell who got slots, and from whom, once', () => {
    const { owners, list } = setUp('a', 'a', 'b', undefined);
    owners.takeMoves();
    list('a', 'c', 'c', 'c');

    expect(owners.takeMoves()).toEqual(new Map([['c', new Set(['a', 'b', undefined])]]));
    expect(owners.takeMoves().size).toBe(0);
  });

  it('got nothing by a slot that nobody has now', () => {
    const { owners, list } = setUp('a', 'b');
    owners.takeMoves();
    list('a', undefined);

    expect(owners.takeMoves().size).toBe(0);
  });

  it('are succeeded when another one has a slot of theirs', () => {
    const { owners, list } = setUp('a', 'b');
    owners.takeMoves();
    expect([owners.isSucceeded('a'), owners.isSucceeded('b')]).toEqual([false, false]);

    list('a', 'c');

    expect([owners.isSucceeded('a'), owners.isSucceeded('b')]).toEqual([false, true]);
  });
});
