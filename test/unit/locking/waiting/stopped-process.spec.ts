import { LockBusyError } from '../../../../lib/errors/lock-busy.error';
import { LockUnavailableError } from '../../../../lib/errors/lock-unavailable.error';
import { Fleet } from '../../../helpers/fleet';
import { watch } from '../../../helpers/watch';

const NODE_TIMEOUT_MS = 500;

/**
 * A process asks for a lock that another one holds, and stands still before it reads the denials. The holder has
 * released the lock when the process goes on.
 */
async function stopped({ waitMs, forMs }: { waitMs: number; forMs: number }) {
  const fleet = new Fleet(3);
  const ways = fleet.ways();
  const lock = await fleet.process({ nodeTimeoutMs: NODE_TIMEOUT_MS }).manager.acquire('order:7');
  const { manager } = fleet.process({ nodes: ways, nodeTimeoutMs: NODE_TIMEOUT_MS });
  for (const way of ways) way.fault = 'mute';
  const waiter = watch(manager.acquire('order:7', { wait: waitMs }));
  await fleet.clock.advance(0);
  await lock.release();

  const goOn = async () => {
    fleet.clock.stall(forMs);
    for (const way of ways) way.recover();
    await fleet.clock.advance(0);
  };
  return { fleet, ways, waiter, goOn };
}

describe('a caller whose process stood still during its last attempt, past its deadline', () => {
  it('asks once more, since what the nodes told is old', async () => {
    const { waiter, goOn } = await stopped({ waitMs: 3_000, forMs: 60_000 });

    await goOn();

    expect(waiter.value?.isHeld).toBe(true);
  });

  it('is busy if somebody still holds the lock, and asks no third time', async () => {
    const { fleet, ways, waiter, goOn } = await stopped({ waitMs: 3_000, forMs: 30_000 });
    await fleet.process().manager.acquire('order:7', { ttl: 60_000 });

    await goOn();

    expect(waiter.error).toBeInstanceOf(LockBusyError);
    expect(ways.map((way) => way.count('acquire'))).toEqual([2, 2, 2]);
  });

  it('is busy if it does not wait: a job that another process has done would run again', async () => {
    const { ways, waiter, goOn } = await stopped({ waitMs: 0, forMs: 60_000 });

    await goOn();

    expect(waiter.error).toBeInstanceOf(LockBusyError);
    expect(ways.map((way) => way.count('acquire'))).toEqual([1, 1, 1]);
  });

  it('is not told to wait on if too few nodes answered, which a longer wait would not change', async () => {
    const { fleet, ways, waiter } = await stopped({ waitMs: 3_000, forMs: 0 });

    fleet.clock.stall(60_000);
    await fleet.clock.advance(0);

    expect(waiter.error).toBeInstanceOf(LockUnavailableError);
    expect(ways.map((way) => way.count('acquire'))).toEqual([1, 1, 1]);
  });

  it('is busy if the attempt took no longer than nodes may take', async () => {
    const { ways, waiter, goOn } = await stopped({ waitMs: 100, forMs: 2 * NODE_TIMEOUT_MS });

    await goOn();

    expect(waiter.error).toBeInstanceOf(LockBusyError);
    expect(ways.map((way) => way.count('acquire'))).toEqual([1, 1, 1]);
  });
});
