import { Fleet } from '../../helpers/fleet';
import { watch } from '../../helpers/watch';

/** A fleet with a key on one node that belongs to nobody who would release it, as after a crash in mid-attempt. */
function fleetWithStrayKeyOn(position: number): Fleet {
  const fleet = new Fleet(3);
  fleet
    .node(position)
    .acquire(
      { resources: ['order:7'], ownerToken: 'stray', ttlMs: 3_600_000, askHolderTtl: false },
      () => undefined,
    );
  return fleet;
}

async function getsItAfterRelease(position: number): Promise<void> {
  const fleet = fleetWithStrayKeyOn(position);
  const lock = await fleet.process().manager.acquire('order:7', { ttl: 10_000 });
  const waiter = watch(fleet.process().manager.acquire('order:7', { wait: 30_000 }));
  await fleet.clock.advance(100);

  await lock.release();
  await fleet.clock.advance(50);

  expect(waiter.value?.isHeld).toBe(true);
}

async function getsItAfterCrash(position: number): Promise<void> {
  const fleet = fleetWithStrayKeyOn(position);
  await fleet.process().manager.acquire('order:7', { ttl: 10_000, autoExtend: false });
  for (const node of fleet.nodes) jest.spyOn(node, 'release').mockImplementation(() => undefined);
  const waiter = watch(fleet.process().manager.acquire('order:7', { wait: 60_000 }));

  await fleet.clock.advance(30_000);

  expect(waiter.value?.isHeld).toBe(true);
}

describe('waiting while one node has a key that nobody releases', () => {
  it.each([0, 1, 2])('gets the lock when the holder releases it on the others (node %d)', getsItAfterRelease);

  it.each([0, 1, 2])('gets the lock when the holder crashes (node %d)', getsItAfterCrash);
});
