import type { ServerFacts } from '../../../lib/ports/lock-node.interface';
import { LockUnavailableError } from '../../../lib/errors/lock-unavailable.error';
import { Fleet } from '../../helpers/fleet';
import { watch } from '../../helpers/watch';

const MAX_TTL_MS = 5_000;

const server = (runId: string, uptimeMs = 3_600_000, more: Partial<ServerFacts> = {}): ServerFacts => ({
  ...{ runId, uptimeMs, ...more },
});

/** A fleet whose nodes have said who they are. */
function setUp(nodeCount = 3) {
  const fleet = new Fleet(nodeCount);
  const { manager, events } = fleet.process({ maxTtlMs: MAX_TTL_MS, defaults: { ttl: 2_000 } });
  fleet.nodes.forEach((node, position) => {
    node.tell({ status: 'up', servers: [server(`run-${position}`)] });
  });
  const restart = (...positions: number[]) => {
    for (const position of positions) {
      fleet.node(position).refuse();
      fleet.node(position).restartEmpty(server(`again-${position}`, 0));
    }
  };
  return { fleet, manager, events, restart };
}

describe('nodes that came back empty', () => {
  it('do not grant what another process still holds', async () => {
    const { fleet, manager, restart } = setUp();
    const other = fleet.process({ maxTtlMs: MAX_TTL_MS, defaults: { ttl: 2_000 } }).manager;
    fleet.node(2).fault = 'deaf';
    const held = await other.acquire('order:7', { ttl: MAX_TTL_MS, autoExtend: false });
    fleet.node(2).recover();

    restart(1);
    const attempt = watch(manager.acquire('order:7', { wait: 0 }));
    await fleet.clock.advance(500);

    expect(held.isHeld).toBe(true);
    expect(attempt.error).toBeInstanceOf(Error);
    expect(fleet.node(1).count('acquire')).toBe(1);
  });

  it('are not asked while they are guarded, and are the reason if there are too few others', async () => {
    const { fleet, manager, restart } = setUp();
    restart(0, 2);

    const attempt = watch(manager.acquire('order:7', { wait: 0 }));
    await fleet.clock.advance(1);

    expect(attempt.error).toBeInstanceOf(LockUnavailableError);
    expect(String(attempt.error)).toContain('guarded, since another server answers than before');
    expect(fleet.nodes.map((node) => node.count('acquire'))).toEqual([0, 1, 0]);
  });

  it('keep nobody waiting whose wait ends before the guard, in line or not', async () => {
    const { fleet, manager, restart } = setUp();
    restart(0, 2);

    const waiters = Array.from({ length: 3 }, () =>
      watch(manager.acquire('order:7', { wait: MAX_TTL_MS - 100 })),
    );
    await fleet.clock.advance(1_500);

    for (const { error } of waiters) expect(error).toBeInstanceOf(LockUnavailableError);
  });

  it('keep a waiter waiting, who gets the lock when the guard is over', async () => {
    const { fleet, manager, events, restart } = setUp();
    restart(0, 2);

    const waiter = watch(manager.acquire('order:7', { wait: 20_000 }));
    await fleet.clock.advance(MAX_TTL_MS - 1);
    expect(waiter.state).toBe('pending');
    await fleet.clock.advance(500);

    expect(waiter.value?.isHeld).toBe(true);
    expect(events.filter(({ type }) => type.startsWith('node-'))).toEqual([
      { type: 'node-down', node: 'a', error: new Error('refused') },
      { type: 'node-up', node: 'a' },
      { type: 'node-guarded', node: 'a', reason: 'restarted', forMs: MAX_TTL_MS },
      { type: 'node-down', node: 'c', error: new Error('refused') },
      { type: 'node-up', node: 'c' },
      { type: 'node-guarded', node: 'c', reason: 'restarted', forMs: MAX_TTL_MS },
      { type: 'node-trusted', node: 'a' },
      { type: 'node-trusted', node: 'c' },
    ]);
  });

  it('get back what is held with its next extension, and confirm it from then on', async () => {
    const { fleet, manager, restart } = setUp();
    const lock = await manager.acquire('order:7', { autoExtend: false });
    restart(1);

    await lock.extend();
    fleet.node(2).fault = 'refused';
    await lock.extend();

    expect(lock.isHeld).toBe(true);
    expect(await lock.release()).toBe('released');
  });

  it('are shown by an inspection, with the reason and for how long', async () => {
    const { fleet, manager, restart } = setUp();
    restart(1);
    await fleet.clock.advance(1_000);

    const { nodes } = await manager.inspect('order:7');

    expect(nodes.map(({ guarded }) => guarded)).toEqual([
      undefined,
      { reason: 'restarted', forMs: MAX_TTL_MS - 1_000 },
      undefined,
    ]);
  });
});

describe('a grant of a node that turns out, before the attempt is over,', () => {
  it.each([
    ['to be another server', { servers: [server('again', 0)] }],
    ['to have a clock that ran ahead', { clockAheadMs: 3_000 }],
  ])('%s, does not count and is released', async (_, news) => {
    const { fleet, manager } = setUp();
    fleet.node(1).fault = 'stalled';
    fleet.node(2).fault = 'deaf';
    const attempt = watch(manager.acquire('order:7', { wait: 0 }));
    await fleet.clock.advance(10);

    fleet.node(0).tell({ status: 'up', ...news });
    fleet.node(1).recover();
    await fleet.clock.advance(500);

    expect(attempt.error).toBeInstanceOf(LockUnavailableError);
    expect(await fleet.owners('order:7')).toEqual([null, null, null]);
  });
});

describe('a guard', () => {
  it('leaves nothing in memory once the service is closed', async () => {
    const { fleet, manager, restart } = setUp();
    restart(0, 1, 2);

    await manager.close(0);

    expect(fleet.clock.pendingTimers).toBe(0);
    expect(fleet.nodes.map(({ statusListenerCount }) => statusListenerCount)).toEqual([0, 0, 0]);
  });
});

describe('a server that is listed twice', () => {
  it('confirms extensions and releases once', async () => {
    const { fleet, manager } = setUp();
    fleet.node(1).tell({ status: 'up', servers: [server('run-0')] });
    fleet.node(1).beSameServerAs(fleet.node(0));
    const lock = await manager.acquire('order:7', { autoExtend: false, holdAtLeast: 1_000 });
    fleet.node(2).refuse();

    await expect(lock.extend()).rejects.toThrow(LockUnavailableError);
    // Both names would keep it for the rest of the time.
    expect(await lock.release()).toBe('unknown');
  });
});

describe('a warning', () => {
  it('comes once for a server that may remove locks, however often it says so', () => {
    const { fleet, events } = setUp();

    for (const runId of ['run-1', 'run-1', 'again'])
      fleet.node(1).tell({ status: 'up', servers: [server(runId, 0, { evicts: 'allkeys-lru' })] });

    const warnings = events.filter(({ type }) => type === 'node-warning');
    expect(warnings).toEqual([expect.objectContaining({ node: 'b', warning: 'eviction' })]);
  });

  it('does not come for a server without persistence, which is guarded', () => {
    const { fleet, events } = setUp();

    fleet.node(1).tell({ status: 'up', servers: [server('run-1', 0, { persists: false })] });

    expect(events.filter(({ type }) => type === 'node-warning')).toEqual([]);
  });
});
