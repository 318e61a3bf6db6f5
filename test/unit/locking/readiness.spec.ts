import { LockOptionsError } from '../../../lib/errors/lock-options.error';
import { LockUnavailableError } from '../../../lib/errors/lock-unavailable.error';
import { Fleet } from '../../helpers/fleet';
import { watch } from '../../helpers/watch';

describe('ready()', () => {
  it('resolves at once when a majority can vote', async () => {
    const fleet = new Fleet(3);
    fleet.node(2).refuse();

    const ready = watch(fleet.process().service.ready());
    await fleet.clock.advance(0);

    expect(ready.state).toBe('resolved');
  });

  it('resolves soon after the majority is back', async () => {
    const fleet = new Fleet(3);
    fleet.node(1).refuse();
    fleet.node(2).refuse();

    const ready = watch(fleet.process().service.ready());
    await fleet.clock.advance(2_000);
    expect(ready.state).toBe('pending');
    fleet.node(2).recover();
    await fleet.clock.advance(1_000);

    expect(ready.state).toBe('resolved');
  });

  it('waits for nodes that are guarded, since they answer but cannot vote', async () => {
    const fleet = new Fleet(1);
    const { service } = fleet.process({ maxTtlMs: 3_000, defaults: { ttl: 1_000 } });
    fleet.node(0).tell({ status: 'up', servers: [{ runId: 'one', uptimeMs: 1e9 }] });
    fleet.node(0).tell({ status: 'up', servers: [{ runId: 'other', uptimeMs: 1e9 }] });

    const early = watch(service.ready({ wait: 1_000 }));
    const patient = watch(service.ready({ wait: Infinity }));
    await fleet.clock.advance(1_600);
    expect(early.error).toBeInstanceOf(LockUnavailableError);
    expect((early.error as Error).message).toMatch(
      /^Too few lock nodes can vote: \d of \d failed \(guarded, since another/,
    );
    expect(patient.state).toBe('pending');
    await fleet.clock.advance(2_000);

    expect(patient.state).toBe('resolved');
  });

  it('rejects at its deadline with the reason of each node', async () => {
    const fleet = new Fleet(3);
    fleet.node(1).refuse();
    fleet.node(2).fault = 'deaf';

    const ready = watch(fleet.process().service.ready({ wait: 300 }));
    await fleet.clock.advance(300);

    expect(ready.error).toMatchObject({
      code: 'LOCK_UNAVAILABLE',
      waitedMs: 300,
      votes: [{ vote: 'granted' }, { vote: 'failed' }, { vote: 'failed' }],
    });
  });

  it('looks once with wait 0, and lets the nodes have their time', async () => {
    const fleet = new Fleet(1);
    fleet.node(0).fault = 'stalled';

    const ready = watch(fleet.process().service.ready({ wait: 0 }));
    await fleet.clock.advance(400);
    fleet.node(0).recover();
    await fleet.clock.advance(0);

    expect(ready.state).toBe('resolved');
  });

  it('rejects with the reason of its signal', async () => {
    const fleet = new Fleet(1);
    fleet.node(0).refuse();
    const caller = new AbortController();
    const { service } = fleet.process();

    const ready = watch(service.ready({ wait: Infinity, signal: caller.signal }));
    await fleet.clock.advance(1_000);
    caller.abort('enough');
    await fleet.clock.advance(0);

    expect(ready.error).toBe('enough');
    expect(fleet.clock.pendingTimers).toBe(0);
    await expect(service.ready({ signal: caller.signal })).rejects.toBe('enough');
  });

  it('rejects when the service is closed, then and later', async () => {
    const fleet = new Fleet(1);
    fleet.node(0).refuse();
    const { service } = fleet.process();

    const ready = watch(service.ready({ wait: Infinity }));
    await fleet.clock.advance(100);
    await service.close();
    await fleet.clock.advance(0);

    expect((ready.error as Error).message).toMatch(/^The lock service is closed/);
    await expect(service.ready()).rejects.toThrow(LockUnavailableError);
  });

  it('refuses options that cannot be meant, before any node is asked', async () => {
    const { service } = new Fleet(1).process();
    const wrong = [{ wait: -1 }, { wait: '5' }, { timeout: 5 }, { signal: {} }, { ttl: 1_000 }, null, 5];

    for (const options of wrong) {
      await expect(service.ready(options as never)).rejects.toThrow(LockOptionsError);
    }
  });
});
