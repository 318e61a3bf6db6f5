import { LockBusyError } from '../../../../lib/errors/lock-busy.error';
import { LockOptionsError } from '../../../../lib/errors/lock-options.error';
import { LockUnavailableError } from '../../../../lib/errors/lock-unavailable.error';
import { Fleet } from '../../../helpers/fleet';
import { watch } from '../../../helpers/watch';

const NODE_TIMEOUT_MS = 500;

function fleetWith(fault: 'refused' | 'deaf', count = 2) {
  const fleet = new Fleet(3);
  for (const node of fleet.nodes.slice(0, count)) {
    if (fault === 'refused') node.refuse();
    else node.fault = fault;
  }
  return { ...fleet.process(), fleet, clock: fleet.clock };
}

describe('while too few nodes answer, a call that waits', () => {
  it('gives up a node timeout after the first attempt, not at the end of its wait', async () => {
    const { manager, clock } = fleetWith('refused');

    const call = watch(manager.acquire('order:7'));
    await clock.advance(NODE_TIMEOUT_MS - 1);
    expect(call.state).toBe('pending');
    await clock.advance(400);

    expect(call.error).toBeInstanceOf(LockUnavailableError);
  });

  it('asks silent nodes once more', async () => {
    const { manager, fleet, clock } = fleetWith('deaf');

    const call = watch(manager.acquire('order:7'));
    await clock.advance(NODE_TIMEOUT_MS * 2 - 1);
    expect(call.state).toBe('pending');
    await clock.advance(1);

    expect(call.error).toBeInstanceOf(LockUnavailableError);
    expect(fleet.node(2).count('acquire')).toBe(2);
  });

  it('gets the lock when the nodes are back within that time', async () => {
    const { manager, fleet, clock } = fleetWith('refused');

    const call = watch(manager.acquire('order:7'));
    await clock.advance(300);
    for (const node of fleet.nodes) node.recover();
    await clock.advance(NODE_TIMEOUT_MS);

    expect(call.value?.isHeld).toBe(true);
  });

  it.each([{ outageWait: 3_000 }, { outageWait: Infinity }, { wait: Infinity }])(
    'waits through the outage when it is asked to: %p',
    async (options) => {
      const { manager, fleet, clock } = fleetWith('refused');

      const call = watch(manager.acquire('order:7', options));
      await clock.advance(2_500);
      expect(call.state).toBe('pending');
      for (const node of fleet.nodes) node.recover();
      await clock.advance(1_000);

      expect(call.value?.isHeld).toBe(true);
    },
  );

  it('never waits for longer than its wait, and makes one attempt with an outageWait of 0', async () => {
    const { manager, clock } = fleetWith('refused');

    const calls = [
      watch(manager.acquire('a', { wait: 100, outageWait: Infinity })),
      watch(manager.acquire('b', { outageWait: 0 })),
    ];
    await clock.advance(100);

    for (const { error } of calls) expect(error).toBeInstanceOf(LockUnavailableError);
  });

  it('is told at once of an outage that others have waited for', async () => {
    const { manager, clock } = fleetWith('refused');
    void watch(manager.acquire('order:7'));
    await clock.advance(1_000);

    const late = watch(manager.acquire('order:8'));
    const patient = watch(manager.acquire('order:9', { outageWait: 2_000 }));
    await clock.advance(1);

    expect(late.error).toBeInstanceOf(LockUnavailableError);
    expect(patient.state).toBe('pending');
  });

  it('does not find out alone when it stands in line: the whole line is told', async () => {
    const { manager, fleet, clock } = fleetWith('deaf');

    const line = Array.from({ length: 100 }, () => watch(manager.acquire('order:7')));
    const patient = watch(manager.acquire('order:7', { outageWait: Infinity, wait: 60_000 }));
    await clock.advance(NODE_TIMEOUT_MS * 2 + 100);

    for (const { error } of line) expect(error).toBeInstanceOf(LockUnavailableError);
    expect(patient.state).toBe('pending');
    expect(fleet.node(2).count('acquire')).toBeLessThan(5);
  });

  it('forgets the outage with the first answer of a majority', async () => {
    const { manager, fleet, clock } = fleetWith('refused');
    void watch(manager.acquire('order:7'));
    await clock.advance(1_000);
    for (const node of fleet.nodes) node.recover();
    await (await manager.acquire('order:7')).release();
    for (const node of fleet.nodes) node.refuse();

    const call = watch(manager.acquire('order:7'));
    await clock.advance(NODE_TIMEOUT_MS - 1);

    expect(call.state).toBe('pending');
  });

  it('waits as ever for a lock that is held, whatever the nodes were before', async () => {
    const { manager, fleet, clock } = fleetWith('refused');
    const call = watch(manager.acquire('order:7', { wait: 10_000 }));
    await clock.advance(400);
    for (const node of fleet.nodes) node.recover();
    const other = await fleet.process().manager.acquire('order:7');
    await clock.advance(3_000);
    expect(call.state).toBe('pending');

    await other.release();
    await clock.advance(100);

    expect(call.value?.isHeld).toBe(true);
  });

  it.each([-1, NaN, '1', null])('is refused with an outageWait of %p', async (outageWait) => {
    const { manager } = new Fleet(3).process();

    await expect(manager.acquire('a', { outageWait: outageWait as number })).rejects.toThrow(
      LockOptionsError,
    );
  });
});

describe('a crowd of one process', () => {
  it('has no more waiters of one resource than maxWaiting: the next is busy at once', async () => {
    const { manager, clock } = fleetWith('refused', 0);
    const holder = await manager.acquire('order:7');

    const waiting = [1, 2].map(() => watch(manager.acquire('order:7', { maxWaiting: 2 })));
    const refused = watch(manager.acquire('order:7', { maxWaiting: 2 }));
    const elsewhere = watch(manager.acquire('order:8', { maxWaiting: 2 }));
    const several = watch(manager.acquire(['order:6', 'order:7'], { maxWaiting: 2 }));
    await clock.advance(1);

    expect(refused.error).toBeInstanceOf(LockBusyError);
    expect(refused.error).toMatchObject({ resources: ['order:7'], waitedMs: 0 });
    expect(several.error).toBeInstanceOf(LockBusyError);
    expect(elsewhere.value?.isHeld).toBe(true);
    expect(waiting.map(({ state }) => state)).toEqual(['pending', 'pending']);

    await holder.release();
    await clock.advance(1);
    expect(waiting[0]?.value?.isHeld).toBe(true);
    const next = watch(manager.acquire('order:7', { maxWaiting: 2 }));
    await clock.advance(1);
    expect(next.state).toBe('pending');
  });

  it('waits for nobody of its process with maxWaiting 0, but for others', async () => {
    const { manager, fleet, clock } = fleetWith('refused', 0);
    const other = await fleet.process().manager.acquire('order:7');

    const first = watch(manager.acquire('order:7', { maxWaiting: 0 }));
    const second = watch(manager.acquire('order:7', { maxWaiting: 0 }));
    await clock.advance(1_000);
    expect([first.state, second.state]).toEqual(['pending', 'rejected']);
    await other.release();
    await clock.advance(100);

    expect(first.value?.isHeld).toBe(true);
  });

  it('is 10,000 at most by default', async () => {
    const { manager, clock } = fleetWith('refused', 0);
    await manager.acquire('order:7');

    const crowd = Array.from({ length: 10_001 }, () => watch(manager.acquire('order:7', { wait: Infinity })));
    await clock.advance(1);

    expect(crowd.filter(({ error }) => error instanceof LockBusyError)).toHaveLength(1);
    expect(crowd.at(-1)?.state).toBe('rejected');
  });

  it.each([-1, 1.5, NaN, '1'])('is refused with a maxWaiting of %p', async (maxWaiting) => {
    const { manager } = new Fleet(3).process();

    await expect(manager.acquire('a', { maxWaiting: maxWaiting as number })).rejects.toThrow(
      LockOptionsError,
    );
  });
});
