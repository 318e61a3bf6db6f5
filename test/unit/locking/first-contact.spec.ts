import { LockManager } from '../../../lib/locking/lock-manager';
import { ownerTokenFactory } from '../../../lib/locking/api/owner-token';
import { LockEvents } from '../../../lib/service/lock-events';
import { LockService } from '../../../lib/service/lock.service';
import { LockUnavailableError } from '../../../lib/errors/lock-unavailable.error';
import type { NodeHold, ServerFacts } from '../../../lib/ports/lock-node.interface';
import { FENCING } from '../../helpers/fleet';
import { GRANTED, ScriptedNode } from '../../helpers/scripted-node';
import { settle, VirtualClock } from '../../helpers/virtual-clock';
import { watch } from '../../helpers/watch';

const HELD_BY_OTHERS: NodeHold = { ownerToken: 'another', ttlMs: 900 };
const server = (runId: string, uptimeMs: number): ServerFacts => ({ runId, uptimeMs });

/** A process that has just started: none of its nodes is connected yet. */
function justStarted({ nodeCount = 3 } = {}) {
  const clock = new VirtualClock();
  const nodes = Array.from({ length: nodeCount }, (_, position) => new ScriptedNode(`node-${position}`));
  for (const node of nodes) {
    node.status = 'connecting';
    node.onAsked = ({ vote }: ScriptedNode['asked'][number]) => {
      (vote as (vote: object) => void)(GRANTED);
    };
  }
  let secrets = 0;
  const secret = () => `secret-${String(++secrets).padStart(15, '0')}`;
  const manager = new LockManager({
    nodes,
    clock,
    randomness: { secret, fraction: () => 0.5 },
    newOwnerToken: ownerTokenFactory({ host: 'test', pid: 1, serviceId: 'p1' }, secret),
    fencing: FENCING,
    restartGuard: 'observed',
    limits: { nodeTimeoutMs: 500, maxTtlMs: 60_000 },
    defaults: {},
    audience: { isObserved: false, isTraced: false },
    emit: () => undefined,
  });
  const service = new LockService(manager, new LockEvents(), () => manager.close(0));
  const node = (position: number): ScriptedNode => nodes[position] as ScriptedNode;
  return { clock, nodes, node, service };
}

describe('the first lock of a process', () => {
  it('waits for nodes that connect for the first time, and asks each of them when it is up', async () => {
    const { clock, node, service } = justStarted();

    const lock = watch(service.tryAcquire('order:7'));
    await clock.advance(40);
    expect(lock.state).toBe('pending');
    node(0).tell({ status: 'up' });
    node(1).tell({ status: 'up' });
    await settle();

    expect(lock.value).toMatchObject({ isHeld: true });
    expect([node(0).verbs, node(1).verbs, node(2).verbs]).toEqual([['acquire'], ['acquire'], []]);
  });

  it('counts the time of waiting as used up: the ttl may run from the moment it was asked for', async () => {
    const { clock, nodes, service } = justStarted();

    const lock = watch(service.acquire('order:7', { ttl: 1_000, wait: 0, autoExtend: false }));
    await clock.advance(400);
    for (const node of nodes) node.tell({ status: 'up' });
    await settle();

    expect(lock.value?.remainingMs).toBe(1_000 - 12 - 400);
  });

  it('fails at the node timeout when too few have connected, and tells so', async () => {
    const { clock, node, service } = justStarted();
    node(0).tell({ status: 'up' });

    const lock = watch(service.tryAcquire('order:7'));
    await clock.advance(499);
    expect(lock.state).toBe('pending');
    await clock.advance(1);

    expect(lock.error).toBeInstanceOf(LockUnavailableError);
    expect((lock.error as Error).message).toContain('2 of 3 failed (not connected within 500 ms)');
  });

  it('tells of new servers that wait for one that has not connected, and may be older', async () => {
    const { clock, node, service } = justStarted();
    node(0).tell({ status: 'up', servers: [server('one', 2_000)] });
    node(1).tell({ status: 'up', servers: [server('two', 2_000)] });
    const why = 'not asked within 500 ms: its server is new, and not all of the other nodes have connected';

    const lock = watch(service.tryAcquire('order:7'));
    const seen = watch(service.inspect('order:7'));
    const listed = watch(service.list());
    await clock.advance(500);

    expect((lock.error as LockUnavailableError).message).toContain(why);
    expect((lock.error as LockUnavailableError).votes.map(({ error }) => error?.message)).toEqual([
      expect.stringContaining(why),
      expect.stringContaining(why),
      'not connected within 500 ms',
    ]);
    expect(seen.value?.nodes[0]?.error?.message).toContain(why);
    expect(listed.value?.nodes[0]?.error?.message).toContain(why);
  });

  it('never sends a request to a node that connects when the attempt is over', async () => {
    const { clock, node, service } = justStarted();
    const given = watch(service.tryAcquire('given up'));
    await clock.advance(500);
    expect(given.state).toBe('rejected');

    const won = watch(service.tryAcquire('won'));
    node(0).tell({ status: 'up' });
    node(1).tell({ status: 'up' });
    await settle();
    expect(won.state).toBe('resolved');
    node(2).tell({ status: 'up' });
    await settle();

    expect(node(2).requestsOf('acquire')).toEqual([]);
  });

  it('does not wait for a node whose first connection has failed', async () => {
    const { nodes, service } = justStarted();

    const lock = watch(service.tryAcquire('order:7'));
    for (const node of nodes) {
      node.onAsked = ({ vote }) => {
        (vote as (vote: object) => void)({ kind: 'failed', error: new Error('connect ECONNREFUSED') });
      };
      node.tell({ status: 'down', error: new Error('connect ECONNREFUSED') });
    }
    await settle();

    expect((lock.error as Error).message).toContain(' failed (ECONNREFUSED');
  });

  it('does not wait for a node that has been up: that one says at once that it is not', async () => {
    const { nodes, service } = justStarted();
    for (const node of nodes) node.tell({ status: 'up' });
    for (const node of nodes) {
      node.onAsked = ({ vote }) => {
        (vote as (vote: object) => void)({ kind: 'failed', error: new Error('gone') });
      };
      node.tell({ status: 'connecting' });
    }

    const lock = watch(service.tryAcquire('order:7'));
    await settle();

    expect(lock.state).toBe('rejected');
  });

  it('is not refused by a fleet that has just started as a whole, whichever node answers first', async () => {
    const { node, service } = justStarted();

    const lock = watch(service.tryAcquire('order:7'));
    for (const position of [0, 1, 2]) {
      node(position).tell({ status: 'up', servers: [server(`run-${position}`, 0)] });
      await settle();
    }

    expect(lock.value).toMatchObject({ isHeld: true });
  });

  it('is refused by servers that turn out to be younger than the others', async () => {
    const { node, service } = justStarted();

    const lock = watch(service.tryAcquire('order:7'));
    node(0).tell({ status: 'up', servers: [server('run-0', 0)] });
    node(1).tell({ status: 'up', servers: [server('run-1', 0)] });
    node(2).tell({ status: 'up', servers: [server('run-2', 3_600_000)] });
    await settle();

    expect(lock.error).toBeInstanceOf(LockUnavailableError);
    expect(node(0).requestsOf('acquire')).toEqual([]);
  });

  it('goes on with unknown servers too, as soon as the last of the nodes has connected', async () => {
    const { node, service } = justStarted();

    const lock = watch(service.tryAcquire('order:7'));
    node(0).tell({ status: 'up', servers: [server('run-0', 0)] });
    node(1).tell({ status: 'up', servers: [server('run-1', 0)] });
    node(2).tell({ status: 'up' });
    await settle();

    expect(lock.value).toMatchObject({ isHeld: true });
  });
});

describe('looking at a resource right after the start', () => {
  it('waits for the nodes as a lock does', async () => {
    const { clock, nodes, service } = justStarted();
    for (const node of nodes) node.inspect = () => Promise.resolve(HELD_BY_OTHERS);

    const seen = watch(service.inspect('order:7'));
    await clock.advance(100);
    for (const node of nodes) node.tell({ status: 'up' });
    await settle();

    expect(seen.value).toMatchObject({ state: 'held', nodes: [{ status: 'up' }, {}, {}] });
  });

  it('reports a node that does not connect in time', async () => {
    const { clock, node, service } = justStarted();
    node(0).tell({ status: 'up' });
    node(1).tell({ status: 'up' });

    const seen = watch(service.inspect('order:7'));
    await clock.advance(500);

    expect(seen.value).toMatchObject({ state: 'free' });
    expect(seen.value?.nodes[2]?.error?.message).toBe('not connected within 500 ms');
  });

  it('removes with forceRelease what the nodes have when they have connected', async () => {
    const { clock, nodes, service } = justStarted();
    for (const node of nodes) node.inspect = () => Promise.resolve(HELD_BY_OTHERS);

    const removed = watch(service.forceRelease('order:7'));
    await clock.advance(100);
    for (const node of nodes) node.tell({ status: 'up' });
    await settle();

    expect(removed.value).toBe(3);
  });
});
