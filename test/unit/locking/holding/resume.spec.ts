import { LockLostError } from '../../../../lib/errors/lock-lost.error';
import { LockOptionsError } from '../../../../lib/errors/lock-options.error';
import { LockUnavailableError } from '../../../../lib/errors/lock-unavailable.error';
import type { Lock } from '../../../../lib/locking/api/lock.interface';
import type { LockTicket } from '../../../../lib/locking/api/lock-ticket';
import { deferred } from '../../../helpers/deferred';
import type { FaultyNode } from '../../../helpers/faulty-node';
import { Fleet } from '../../../helpers/fleet';
import { watch } from '../../../helpers/watch';

/** As through a queue. */
const sent = (ticket: LockTicket): LockTicket => JSON.parse(JSON.stringify(ticket)) as LockTicket;

function setUp(nodeCount = 3) {
  const fleet = new Fleet(nodeCount);
  const request = fleet.process();
  const worker = fleet.process();
  const advance = (ms: number) => fleet.clock.advance(ms);
  return { fleet, advance, request, worker };
}

describe('a lock that is detached', () => {
  it('is a plain ticket, and stays on the nodes for its ttl from then on', async () => {
    const { fleet, advance, request } = setUp();
    const lock = await request.service.acquire(['b', 'a'], { ttl: 3_000, fencing: true });
    await advance(900);

    const ticket = await lock.detach();

    expect(sent(ticket)).toEqual({
      resources: ['a', 'b'],
      ownerToken: lock.ownerToken,
      fencingToken: lock.fencingToken,
      ttl: 3_000,
    });
    await advance(2_999);
    expect(await fleet.owners('a')).toEqual([lock.ownerToken, lock.ownerToken, lock.ownerToken]);
    await advance(1);
    expect(await fleet.owners('a')).toEqual([null, null, null]);
  });

  it('has no fencing token when the lock has none, and the ttl of its last extension', async () => {
    const { request } = setUp();
    const lock = await request.service.acquire('a');
    await lock.extend(30_000);

    expect(await lock.detach()).toEqual({ resources: ['a'], ownerToken: lock.ownerToken, ttl: 30_000 });
  });

  it('asks the nodes at once, before whatever its holder does next', async () => {
    const { fleet, request } = setUp();
    const lock = await request.service.acquire('a');

    const ticket = lock.detach();

    expect(fleet.node(0).count('extend')).toBe(1);
    await ticket;
  });

  it('is over for its holder: not held, not extended, not released, and its signal is silent', async () => {
    const { fleet, advance, request } = setUp();
    const lock = await request.service.acquire('a', { ttl: 3_000 });
    const { signal } = lock;
    await lock.detach();
    const extensions = fleet.node(0).count('extend');

    expect(lock).toMatchObject({ isHeld: false, remainingMs: 0 });
    expect(() => {
      lock.assertHeld();
    }).toThrow(/is lost: it was left to the process that resumes its ticket/);
    await expect(lock.extend()).rejects.toMatchObject({ code: 'LOCK_LOST', reason: 'detached' });
    await expect(lock.detach()).rejects.toMatchObject({ reason: 'detached' });
    expect(await lock.release()).toBe('detached');
    await advance(10_000);

    expect(fleet.node(0).count('release')).toBe(0);
    expect(fleet.node(0).count('extend')).toBe(extensions);
    expect(signal.aborted).toBe(false);
    expect(request.eventTypes()).toEqual(['acquired', 'extended', 'detached']);
  });

  it('is left alone by the end of its block and of its task, whose result counts', async () => {
    const { fleet, request } = setUp();

    const ticket = await request.service.withLock('a', (lock) => lock.detach());

    expect(await fleet.owners('a')).toEqual(Array(3).fill(ticket.ownerToken));
  });

  it('keeps neither a closing service nor the callers of its process waiting in line', async () => {
    const { advance, request } = setUp();
    const lock = await request.service.acquire('a', { ttl: 1_000 });
    const next = watch(request.service.acquire('a', { ttl: 1_000 }));
    await lock.detach();

    await advance(1_100);
    expect(next.state).toBe('resolved');
    await next.value?.release();
    const closing = watch(request.service.close());
    await advance(0);
    expect(closing.state).toBe('resolved');
  });

  it('waits for an extension that is under way, which could put the lock back later', async () => {
    const { fleet, advance, request } = setUp();
    const lock = await request.service.acquire('a', { autoExtend: false });
    for (const node of fleet.nodes) node.fault = 'stalled';

    const extension = watch(lock.extend());
    const detaching = watch(lock.detach());
    await advance(100);
    expect(detaching.state).toBe('pending');
    for (const node of fleet.nodes) node.recover();
    await advance(0);

    expect(extension.state).toBe('resolved');
    expect(detaching.state).toBe('resolved');
  });

  it('is not extended by what its holder asks for while it is extended for its way', async () => {
    const { fleet, advance, request } = setUp();
    const lock = await request.service.acquire('a', { autoExtend: false });
    for (const node of fleet.nodes) node.latencyMs = 20;

    const detaching = watch(lock.detach());
    const extension = watch(lock.extend(30_000));
    await advance(100);

    expect([detaching.state, extension.state]).toEqual(['resolved', 'rejected']);
    expect(fleet.node(0).count('extend')).toBe(1);
    await advance(10_000);
    expect(await fleet.owners('a')).toEqual([null, null, null]);
  });

  it('stays with its holder when too few nodes answer', async () => {
    const { fleet, request } = setUp();
    const lock = await request.service.acquire('a');
    fleet.node(0).refuse();
    fleet.node(1).refuse();

    await expect(lock.detach()).rejects.toThrow(LockUnavailableError);
    expect(lock.isHeld).toBe(true);
    fleet.node(0).recover();
    expect(await lock.release()).toBe('released');
  });

  it('stays with its holder while something is to be visible before it goes', async () => {
    const { fleet, request } = setUp();
    const commit = deferred();
    const lock = await request.service.acquire('a');
    lock.holdUntil(commit.promise);

    await expect(lock.detach()).rejects.toThrow(LockOptionsError);
    expect(lock.isHeld).toBe(true);
    expect(fleet.node(0).count('extend')).toBe(0);
    commit.resolve();
    await Promise.resolve();

    expect(await lock.detach()).toMatchObject({ resources: ['a'] });
  });

  it('stays with its holder when that comes while it is extended for its way', async () => {
    const { advance, request } = setUp();
    const commit = deferred();
    const lock = await request.service.acquire('a', { ttl: 3_000 });

    const leaving = lock.detach();
    lock.holdUntil(commit.promise);

    await expect(leaving).rejects.toThrow(LockOptionsError);
    await advance(10_000);
    expect(lock.isHeld).toBe(true);
  });

  it('stays with its holder while other readers of the process share it, also where one comes while it is extended', async () => {
    const { fleet, advance, request } = setUp();
    for (const node of fleet.nodes) node.latencyMs = 20;
    const read = () => watch(request.service.acquire('a', { mode: 'shared' }));
    const first = read();
    await advance(30);
    const left = watch((first.value as Lock).detach());
    const second = read();
    await advance(30);
    expect(second.value?.ownerToken).toBe(first.value?.ownerToken);
    expect(left.error).toBeInstanceOf(LockOptionsError);
    const before = fleet.node(0).count('extend');

    await expect((second.value as Lock).detach()).rejects.toThrow(LockOptionsError);

    expect(fleet.node(0).count('extend')).toBe(before);
    expect([first.value?.isHeld, second.value?.isHeld]).toEqual([true, true]);
  });

  it('is shared by no reader that comes after it', async () => {
    const { request } = setUp();
    const lock = await request.service.acquire('a', { mode: 'shared' });
    await lock.detach();

    const next = await request.service.acquire('a', { mode: 'shared' });

    expect(next.ownerToken).not.toBe(lock.ownerToken);
  });

  it('cannot be one that the clocks say is over, whatever it is kept for', async () => {
    const { fleet, request } = setUp();
    const lock = await request.service.acquire('a', { ttl: 3_000 });
    lock.holdUntil(new Promise(() => undefined));
    fleet.clock.stall(3_000);

    await expect(lock.detach()).rejects.toThrow(LockLostError);
  });

  it('cannot be one that is lost or released', async () => {
    const { advance, request } = setUp();
    const released = await request.service.acquire('a');
    await released.release();
    const expired = await request.service.acquire('b', { ttl: 1_000, autoExtend: false });
    await advance(1_000);

    await expect(released.detach()).rejects.toMatchObject({ reason: 'released' });
    await expect(expired.detach()).rejects.toMatchObject({ reason: 'expired' });
  });
});

describe('a lock that is resumed', () => {
  it('goes on in another process with its owner token and its fencing token, kept alive until it is released', async () => {
    const { fleet, advance, request, worker } = setUp();
    const lock = await request.service.acquire(['a', 'b'], { ttl: 3_000, fencing: true });
    const ticket = sent(await lock.detach());
    await advance(2_900);

    const resumed = await worker.service.resume(ticket);
    await advance(30_000);

    expect(resumed).toMatchObject({
      resources: ['a', 'b'],
      ownerToken: lock.ownerToken,
      fencingToken: lock.fencingToken,
      isHeld: true,
    });
    expect(await resumed.release()).toBe('released');
    expect(await fleet.owners('a')).toEqual([null, null, null]);
    expect(worker.eventTypes()).toContain('resumed');
    expect(worker.events.at(-1)).toMatchObject({ type: 'released', outcome: 'released' });
  });

  it('is valid from before it was confirmed, less the drift, whatever the nodes kept before', async () => {
    const { fleet, request, worker } = setUp();
    const lock = await request.service.acquire('a', { ttl: 30_000 });
    const ticket = await lock.detach();

    const resumed = await worker.service.resume(ticket, { ttl: 1_000, autoExtend: false });

    expect(resumed.remainingMs).toBe(1_000 - 12);
    expect(fleet.node(0).sent.at(-1)?.request).toMatchObject({ ttlMs: 1_000, putsBack: false });
  });

  it('is refused when it is over, and is not put back on any node', async () => {
    const { fleet, advance, request, worker } = setUp();
    const ticket = await (await request.service.acquire('a', { ttl: 1_000 })).detach();
    await advance(1_001);

    await expect(worker.service.resume(ticket)).rejects.toMatchObject({
      code: 'LOCK_LOST',
      reason: 'gone',
      // Nobody has deleted anything.
      message: expect.stringMatching(
        /is lost: .* cannot be resumed\. Its ttl was over before the ticket arrived/,
      ) as unknown,
    });

    await advance(0);
    expect(await fleet.owners('a')).toEqual([null, null, null]);
  });

  it('is refused when somebody else has it, who keeps it', async () => {
    const { fleet, advance, request, worker } = setUp();
    const ticket = await (await request.service.acquire('a', { ttl: 1_000 })).detach();
    await advance(1_001);
    const other = await request.service.acquire('a');

    await expect(worker.service.resume(ticket)).rejects.toThrow(LockLostError);

    expect(await fleet.owners('a')).toEqual(Array(3).fill(other.ownerToken));
  });

  it('is refused where only a minority of the nodes still has it, and goes from there', async () => {
    const { fleet, advance, request, worker } = setUp();
    const ticket = await (await request.service.acquire('a')).detach();
    await fleet.node(0).steal('a');
    await fleet.node(1).steal('a');

    await expect(worker.service.resume(ticket)).rejects.toThrow(LockLostError);

    await advance(0);
    expect(await fleet.owners('a')).toEqual([null, null, null]);
  });

  it('goes on where a majority has it, and comes back to the others with its next extension', async () => {
    const { fleet, advance, request, worker } = setUp();
    const ticket = await (await request.service.acquire('a', { ttl: 3_000 })).detach();
    await fleet.node(0).steal('a');

    const resumed = await worker.service.resume(ticket);
    expect(await fleet.owners('a')).toEqual([null, resumed.ownerToken, resumed.ownerToken]);
    await advance(1_200);

    expect(await fleet.owners('a')).toEqual(Array(3).fill(resumed.ownerToken));
  });

  it('is asked for again while too few nodes answer, until `wait` is over, and the ticket stays good', async () => {
    const { fleet, advance, request, worker } = setUp();
    const ticket = await (await request.service.acquire('a', { ttl: 30_000 })).detach();
    fleet.node(0).refuse();
    fleet.node(1).refuse();

    const impatient = watch(worker.service.resume(ticket, { wait: 1_000 }));
    await advance(1_000);
    expect(impatient.error).toBeInstanceOf(LockUnavailableError);
    expect(worker.eventTypes()).toContain('unavailable');
    const patient = watch(worker.service.resume(ticket, { wait: 5_000 }));
    await advance(1_000);
    fleet.node(1).recover();
    await advance(1_000);

    expect(patient.value).toMatchObject({ isHeld: true });
  });

  it('can be resumed once more after a crash of whoever did so first', async () => {
    const { advance, request, worker, fleet } = setUp();
    const ticket = await (await request.service.acquire('a', { ttl: 3_000 })).detach();
    await worker.service.resume(ticket, { autoExtend: false });
    await advance(1_000);

    expect(await fleet.process().service.resume(ticket)).toMatchObject({ isHeld: true });
  });

  it('has the bounds that it is resumed with', async () => {
    const { advance, request, worker, fleet } = setUp();
    const ticket = await (await request.service.acquire('a', { ttl: 3_000, maxHold: 60_000 })).detach();

    const resumed = await worker.service.resume(ticket, { maxHold: 5_000, holdAtLeast: 2_000 });
    expect(resumed.remainingMs).toBeLessThan(5_000);
    await resumed.release();
    expect(await fleet.owners('a')).toEqual(Array(3).fill(resumed.ownerToken));
    await advance(2_001);

    expect(await fleet.owners('a')).toEqual([null, null, null]);
  });

  it('does not count a server twice that is listed as two nodes', async () => {
    const { fleet, request, worker } = setUp();
    const ticket = await (await request.service.acquire('a')).detach();
    await fleet.node(2).steal('a');
    fleet.node(1).beSameServerAs(fleet.node(0));
    for (const node of [0, 1])
      fleet.node(node).tell({ status: 'up', servers: [{ runId: 'one', uptimeMs: 1e9 }] });

    await expect(worker.service.resume(ticket, { wait: 0 })).rejects.toThrow(LockUnavailableError);
  });

  it('gives up with the reason of its signal, and when the service closes', async () => {
    const { fleet, advance, request, worker } = setUp();
    const ticket = await (await request.service.acquire('a', { ttl: 30_000 })).detach();
    for (const node of fleet.nodes) node.refuse();
    const caller = new AbortController();

    const aborted = watch(worker.service.resume(ticket, { wait: Infinity, signal: caller.signal }));
    const closed = watch(worker.service.resume(ticket, { wait: Infinity }));
    await advance(100);
    caller.abort('enough');
    await worker.service.close();
    await advance(0);

    expect(aborted.error).toBe('enough');
    expect(closed.error).toBeInstanceOf(LockUnavailableError);
    await expect(worker.service.resume(ticket)).rejects.toThrow(LockUnavailableError);
  });
});

describe('what is no ticket', () => {
  const good = { resources: ['a'], ownerToken: 'host:1:s1:secret', ttl: 10_000 };
  const throwing = new Proxy(good, {
    get() {
      throw new Error('hands off');
    },
  });

  it.each([
    [undefined, 'ticket'],
    [null, 'ticket'],
    [5, 'ticket'],
    [[good], 'ticket'],
    [JSON.stringify(good), 'ticket'],
    [{}, 'ticket.ownerToken'],
    [{ ...good, ownerToken: '' }, 'ticket.ownerToken'],
    [{ ...good, ownerToken: 7 }, 'ticket.ownerToken'],
    [{ ...good, ownerToken: 'x'.repeat(300) }, 'ticket.ownerToken'],
    [{ ...good, ownerToken: '\ud800' }, 'ticket.ownerToken'],
    [{ ...good, resources: 'a' }, 'ticket.resources'],
    [{ ...good, resources: [] }, 'ticket.resources'],
    [{ ...good, resources: [''] }, 'ticket.resources'],
    [{ ...good, resources: [null] }, 'ticket.resources'],
    [{ ...good, ttl: undefined }, 'ticket.ttl'],
    [{ ...good, ttl: '10000' }, 'ticket.ttl'],
    [{ ...good, ttl: -1 }, 'ticket.ttl'],
    [{ ...good, ttl: 1 }, 'ticket.ttl'],
    [{ ...good, ttl: 1e9 }, 'ticket.ttl'],
    [{ ...good, fencingToken: 'x' }, 'ticket.fencingToken'],
    [{ ...good, fencingToken: 0.5 }, 'ticket.fencingToken'],
  ])('is refused before any node is asked: %p', async (ticket, option) => {
    const { fleet, worker } = setUp();

    const refused = worker.service.resume(ticket as LockTicket);

    await expect(refused).rejects.toMatchObject({ code: 'LOCK_OPTIONS_INVALID', option });
    expect(fleet.nodes.flatMap(({ sent }) => sent)).toEqual([]);
  });

  it('is refused when it throws as it is read', async () => {
    await expect(setUp().worker.service.resume(throwing)).rejects.toMatchObject({ option: 'ticket' });
  });

  it('says which options it does not take', async () => {
    const { worker } = setUp();

    await expect(worker.service.resume(good, { fencing: true } as object)).rejects.toMatchObject({
      option: 'fencing',
    });
    await expect(worker.service.resume(good, { ttl: 0 })).rejects.toMatchObject({ option: 'ttl' });
  });

  it('is not a ticket to which a later version has added something, or whose missing number is null', async () => {
    const { request, worker } = setUp();
    const ticket = await (await request.service.acquire('a')).detach();

    const other = { ...ticket, fencingToken: null, keyPrefix: 'lock:' } as unknown as LockTicket;

    expect(await worker.service.resume(other)).toMatchObject({ isHeld: true, fencingToken: undefined });
  });
});

describe('forceRelease of one owner', () => {
  it('removes the lock of a ticket that nobody will resume', async () => {
    const { fleet, request, worker } = setUp();
    const ticket = await (await request.service.acquire('a')).detach();

    expect(await worker.service.forceRelease('a', { ownerToken: ticket.ownerToken })).toBe(3);
    expect(await fleet.owners('a')).toEqual([null, null, null]);
  });

  it('leaves whoever has it since alone', async () => {
    const { fleet, advance, request, worker } = setUp();
    const ticket = await (await request.service.acquire('a', { ttl: 1_000 })).detach();
    await advance(1_001);
    const other = await request.service.acquire('a');

    expect(await worker.service.forceRelease('a', { ownerToken: ticket.ownerToken })).toBe(0);
    expect(await fleet.owners('a')).toEqual(Array(3).fill(other.ownerToken));
  });

  it('refuses what is no owner token', async () => {
    const { worker } = setUp();
    const wrong = [{ ownerToken: '' }, { ownerToken: 7 }, { owner: 'x' }, null, 'x'];

    for (const options of wrong) {
      await expect(worker.service.forceRelease('a', options as object)).rejects.toThrow(LockOptionsError);
    }
  });
});

describe('a request that arrives when the lock was detached, resumed and released', () => {
  /** The process that leaves the lock reaches one node late. */
  function setUpLate() {
    const fleet = new Fleet(3);
    const ways = fleet.ways();
    const request = fleet.process({ nodes: ways });
    const worker = fleet.process();
    return {
      fleet,
      advance: (ms: number) => fleet.clock.advance(ms),
      request,
      worker,
      late: ways[2] as FaultyNode,
    };
  }

  const kinds = [
    ['an exclusive lock', {}],
    ['a lock with a fencing token', { fencing: true }],
    ['a reader', { mode: 'shared' }],
    ['a permit', { limit: 3 }],
    ['a lock in line', { fair: true }],
  ] as const;

  it.each(kinds)('an extension leaves nothing of %s', async (_, options) => {
    const { fleet, advance, request, worker, late } = setUpLate();
    const lock = await request.service.acquire('a', options);
    late.fault = 'stalled';
    const ticket = await lock.detach();
    const resumed = await worker.service.resume(sent(ticket));
    expect(await resumed.release()).toBe('released');

    late.recover();
    await advance(10);

    expect(await fleet.owners('a')).toEqual([null, null, null]);
    expect((await worker.service.inspect('a')).state).toBe('free');
  });

  it.each(kinds)('a grant leaves nothing of %s', async (_, options) => {
    const { fleet, advance, request, worker, late } = setUpLate();
    late.fault = 'stalled';
    const lock = await request.service.acquire('a', options);
    const resumed = await worker.service.resume(sent(await lock.detach()));
    expect(await resumed.release()).toBe('released');

    late.recover();
    await advance(10);

    expect(await fleet.owners('a')).toEqual([null, null, null]);
    expect((await worker.service.inspect('a')).state).toBe('free');
  });

  it('takes nothing away from the holder that has resumed it', async () => {
    const { fleet, advance, request, worker, late } = setUpLate();
    late.fault = 'stalled';
    const lock = await request.service.acquire('a');
    const resumed = await worker.service.resume(sent(await lock.detach()));

    late.recover();
    await advance(10);

    expect(await fleet.owners('a')).toEqual(Array(3).fill(lock.ownerToken));
    expect(resumed.isHeld).toBe(true);
  });

  it('takes nothing away before somebody resumes it, or while nobody knows who has it', async () => {
    const { fleet, advance, request, late } = setUpLate();
    late.fault = 'stalled';
    const lock = await request.service.acquire('a');
    await lock.detach();

    for (const node of fleet.nodes) node.fault = 'stalled';
    late.recover();
    await advance(1_000);
    for (const node of fleet.nodes) node.recover();
    await advance(10);

    expect(await fleet.owners('a')).toEqual(Array(3).fill(lock.ownerToken));
  });
});
