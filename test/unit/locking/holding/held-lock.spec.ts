import { AsyncLocalStorage } from 'node:async_hooks';
import { LockLostError } from '../../../../lib/errors/lock-lost.error';
import { LockOptionsError } from '../../../../lib/errors/lock-options.error';
import { LockUnavailableError } from '../../../../lib/errors/lock-unavailable.error';
import type { LockOptions } from '../../../../lib/locking/api/lock-options';
import { Fleet } from '../../../helpers/fleet';
import { settle } from '../../../helpers/virtual-clock';
import { watch } from '../../../helpers/watch';

const TTL_MS = 3_000;
const VALIDITY_MS = 3_000 - 32;

async function setUp(options: LockOptions = {}, nodeCount = 3) {
  const fleet = new Fleet(nodeCount);
  const { manager, events, eventTypes } = fleet.process();
  const lock = await manager.acquire('order:7', { ttl: TTL_MS, ...options });
  const extensions = () => fleet.nodes.map((node) => node.count('extend'));
  return { fleet, clock: fleet.clock, nodes: fleet.nodes, manager, lock, events, eventTypes, extensions };
}

describe('a held lock', () => {
  it('is on all nodes, and tells how long it is certainly ours', async () => {
    const { fleet, lock } = await setUp();

    expect(await fleet.owners('order:7')).toEqual([lock.ownerToken, lock.ownerToken, lock.ownerToken]);
    expect(lock.isHeld).toBe(true);
    expect(lock.remainingMs).toBe(VALIDITY_MS);
    expect(lock.fencingToken).toBeUndefined();
    expect(lock.resources).toEqual(['order:7']);
  });

  it('has a signal that has aborted as soon as the clocks say that it is over, before any timer does', async () => {
    const { clock, lock } = await setUp();

    clock.stall(TTL_MS);

    expect(lock.signal.reason).toBeInstanceOf(LockLostError);
  });

  describe('kept alive', () => {
    it('is held for as long as the holder likes, with one extension per third of the ttl', async () => {
      const { clock, lock, extensions } = await setUp();

      await clock.advance(60_000);

      expect(lock.isHeld).toBe(true);
      expect(extensions()).toEqual([60, 60, 60]);
    });

    it('is not extended with autoExtend: false, and ends by itself', async () => {
      const { clock, lock, extensions } = await setUp({ autoExtend: false });
      const { signal } = lock;

      await clock.advance(VALIDITY_MS - 1);
      expect(lock.isHeld).toBe(true);
      await clock.advance(1);

      expect(lock.isHeld).toBe(false);
      expect(signal.reason).toMatchObject({ reason: 'expired' });
      expect(extensions()).toEqual([0, 0, 0]);
    });

    it('survives an outage of all nodes that ends within its validity', async () => {
      const { clock, nodes, lock } = await setUp();
      const { signal } = lock;
      for (const node of nodes) node.fault = 'stalled';

      await clock.advance(2_500);
      for (const node of nodes) node.recover();
      await clock.advance(3_000);

      expect(lock.isHeld).toBe(true);
      expect(signal.aborted).toBe(false);
    });

    it('tries unreachable nodes again with a delay, in no hot loop', async () => {
      const { clock, nodes, extensions } = await setUp();
      for (const node of nodes) node.refuse();

      await clock.advance(VALIDITY_MS);

      // A third of the ttl, then every twentieth of it: 1 + (2968 - 1000) / 150.
      expect(extensions()).toEqual([14, 14, 14]);
    });

    it('asks no node again after it was lost to an outage', async () => {
      const { clock, nodes, lock } = await setUp();
      for (const node of nodes) node.refuse();
      await clock.advance(VALIDITY_MS);
      const sent = nodes.map((node) => node.sent.length);

      await clock.advance(60_000);

      expect(lock.isHeld).toBe(false);
      expect(nodes.map((node) => node.sent.length)).toEqual(sent);
      expect(clock.pendingTimers).toBe(0);
    });

    it('puts itself back on a node that restarted empty, and counts it from the next round on', async () => {
      const { fleet, clock, nodes, lock } = await setUp();
      fleet.node(0).restartEmpty();
      await clock.advance(1_001);
      expect(await fleet.owners('order:7')).toEqual([lock.ownerToken, lock.ownerToken, lock.ownerToken]);

      nodes[1]?.refuse();
      await clock.advance(10_000);

      expect(lock.isHeld).toBe(true);
    });

    it('is lost when two of three nodes restarted empty, although both took it back in that round', async () => {
      const { fleet, clock, lock } = await setUp();
      const { signal } = lock;
      fleet.node(0).restartEmpty();
      fleet.node(1).restartEmpty();

      await clock.advance(1_001);

      expect(signal.reason).toMatchObject({ code: 'LOCK_LOST', reason: 'gone' });
      expect(await fleet.owners('order:7')).toEqual([null, null, null]);
    });

    it('is lost at once when a majority says that it is gone, while the third node is silent', async () => {
      const { fleet, clock, lock } = await setUp();
      const { signal } = lock;
      await fleet.node(0).steal('order:7');
      await fleet.node(1).steal('order:7');
      fleet.node(2).fault = 'stalled';

      await clock.advance(1_000);

      expect(signal.aborted).toBe(true);
    });

    it('never takes over a key that somebody else has', async () => {
      const { fleet, clock, lock } = await setUp();
      const other = fleet.process();
      for (const node of fleet.nodes) await node.steal('order:7');
      const thief = await other.manager.acquire('order:7', { ttl: 10_000 });

      await clock.advance(2_000);

      expect(lock.isHeld).toBe(false);
      expect(await fleet.owners('order:7')).toEqual([thief.ownerToken, thief.ownerToken, thief.ownerToken]);
    });
  });

  describe('that stops being ours', () => {
    it('aborts its signal by a timer at the end of its validity, while all nodes are silent', async () => {
      const { clock, nodes, lock } = await setUp();
      const { signal } = lock;
      for (const node of nodes) node.fault = 'stalled';

      await clock.advance(VALIDITY_MS - 1);
      expect(signal.aborted).toBe(false);
      await clock.advance(1);

      expect(signal.reason).toBeInstanceOf(LockLostError);
      expect(signal.reason).toMatchObject({ reason: 'expired', resources: ['order:7'] });
    });

    it('says so after a stall of the event loop, before any timer has run', async () => {
      const { clock, lock } = await setUp();

      clock.stall(VALIDITY_MS);

      expect(lock.isHeld).toBe(false);
      expect(lock.remainingMs).toBe(0);
      expect(() => {
        lock.assertHeld();
      }).toThrow(LockLostError);
      expect(lock.signal.aborted).toBe(true);
    });

    it('says so when the wall clock does, and aborts its signal within a second', async () => {
      const { clock, lock } = await setUp();
      const { signal } = lock;

      clock.suspend(VALIDITY_MS);
      expect(lock.isHeld).toBe(false);
      await clock.advance(1_000);

      expect(signal.reason).toMatchObject({ reason: 'expired' });
    });

    it('is taken away from its holder after maxHold, however alive it is', async () => {
      const { fleet, clock, lock } = await setUp({ maxHold: 8_000 });
      const { signal } = lock;

      await clock.advance(7_999);
      expect(lock.remainingMs).toBe(1);
      await clock.advance(1);

      expect(signal.reason).toMatchObject({ reason: 'max-hold' });
      expect(lock.isHeld).toBe(false);
      expect(await fleet.owners('order:7')).toEqual([null, null, null]);
    });

    it('counts maxHold after a stall too', async () => {
      const { clock, lock } = await setUp({ maxHold: 1_000 });

      clock.stall(1_000);

      expect(lock.isHeld).toBe(false);
      expect(() => {
        lock.assertHeld();
      }).toThrow(expect.objectContaining({ reason: 'max-hold' }) as Error);
    });

    it('gives its key back, so that nobody waits for the rest of the ttl', async () => {
      const { fleet, clock } = await setUp({ autoExtend: false });

      await clock.advance(VALIDITY_MS);

      expect(await fleet.owners('order:7')).toEqual([null, null, null]);
    });

    it('has an aborted signal for one who asks for it later', async () => {
      const { clock, lock } = await setUp({ autoExtend: false });
      await clock.advance(VALIDITY_MS);

      expect(lock.signal.reason).toMatchObject({ reason: 'expired' });
    });

    it('may be released by a listener of its own signal', async () => {
      const { clock, nodes, lock } = await setUp({ autoExtend: false });
      const outcomes: unknown[] = [];
      lock.signal.addEventListener(
        'abort',
        () => void lock.release().then((outcome) => outcomes.push(outcome)),
      );

      await clock.advance(VALIDITY_MS);

      expect(outcomes).toEqual(['expired']);
      expect(nodes.map((node) => node.count('release'))).toEqual([1, 1, 1]);
    });

    it('was no lock any more when it was released, whatever its clean-up still found', async () => {
      const { clock, lock } = await setUp({ autoExtend: false });
      await clock.advance(VALIDITY_MS - 1);
      clock.stall(1);

      // The keys are there for another 32 ms.
      expect(await lock.release()).toBe('expired');
      expect(await lock.release()).toBe('expired');
    });

    it('tells the listeners of its signal where it was first asked for', async () => {
      const { fleet, manager } = await setUp();
      const request = new AsyncLocalStorage<string>();
      const seen: (string | undefined)[] = [];
      const lock = await manager.acquire('another', { ttl: TTL_MS, autoExtend: false });
      request.run('first', () => lock.signal);
      request.run('second', () => {
        lock.signal.addEventListener('abort', () => seen.push(request.getStore()));
      });

      await request.run('stranger', () => fleet.clock.advance(TTL_MS));

      expect(seen).toEqual(['first']);
    });
  });

  describe('asked for certainty', () => {
    it('passes when at least that much is left', async () => {
      const { lock } = await setUp();

      expect(() => {
        lock.assertHeld(VALIDITY_MS);
      }).not.toThrow();
    });

    it('throws when less than that is left, and stays held', async () => {
      const { lock } = await setUp();

      expect(() => {
        lock.assertHeld(VALIDITY_MS + 1);
      }).toThrow(expect.objectContaining({ code: 'LOCK_LOST', reason: 'too-short' }) as Error);
      expect(lock.isHeld).toBe(true);
      expect(lock.signal.aborted).toBe(false);
    });

    it('throws when it was released', async () => {
      const { lock } = await setUp();
      await lock.release();

      expect(() => {
        lock.assertHeld();
      }).toThrow(expect.objectContaining({ reason: 'released' }) as Error);
    });

    it.each([[-1], [NaN], ['5' as unknown as number], [null as unknown as number]])(
      'refuses to be asked for %p ms',
      async (minRemainingMs) => {
        const { lock } = await setUp();

        expect(() => {
          lock.assertHeld(minRemainingMs);
        }).toThrow(LockOptionsError);
      },
    );
  });

  describe('with clocks that are set', () => {
    it('ends in time when the wall clock was set back a second before the machine slept', async () => {
      const { clock, lock } = await setUp({ ttl: 10_000, autoExtend: false });
      clock.setWall(-60_000);
      await clock.advance(1_000);
      expect(lock.isHeld).toBe(true);

      clock.suspend(9_000);

      expect(lock.isHeld).toBe(false);
    });

    it('costs nothing to set the wall clock back', async () => {
      const { clock, lock } = await setUp({ ttl: 10_000, autoExtend: false });

      clock.setWall(-60_000);
      await clock.advance(9_800);

      expect(lock.isHeld).toBe(true);
    });

    it('is not held again when the wall clock is set forward and back', async () => {
      const { clock, lock } = await setUp({ ttl: 10_000, autoExtend: false });
      clock.setWall(20_000);
      expect(lock.isHeld).toBe(false);

      clock.setWall(-20_000);

      expect(lock.isHeld).toBe(false);
      expect(lock.signal.aborted).toBe(true);
    });

    it('ends for good also where the clock is taken back by less than is told apart from an imprecise reading', async () => {
      const { clock, lock } = await setUp({ ttl: 10_000, autoExtend: false });
      await clock.advance(9_890);
      clock.setWall(15);
      expect(lock.remainingMs).toBe(0);

      clock.setWall(-15);

      expect(lock.remainingMs).toBe(0);
      expect(lock.isHeld).toBe(false);
    });

    it('aborts its signal within a second when the wall clock runs ahead in many small steps', async () => {
      const { clock, lock } = await setUp({ ttl: 10_000, autoExtend: false });
      const { signal } = lock;

      for (let second = 0; second < 8; second++) {
        clock.setWall(250);
        await clock.advance(1_000);
      }

      // 8 s on the monotonic clock and 10 s on the wall clock, by which it has been over for 0.1 s.
      expect(signal.aborted).toBe(true);
    });
  });

  describe('extended by hand', () => {
    it('keeps what was promised when the extension that it makes by itself comes due meanwhile', async () => {
      const { clock, nodes, lock } = await setUp();
      await clock.advance(900);
      for (const node of nodes) node.fault = 'stalled';
      const extension = lock.extend(30_000);
      // Its own extension would be due by now.
      await clock.advance(300);
      for (const node of nodes) node.recover();
      await settle();
      await extension;

      await clock.advance(1_000);

      expect(lock.remainingMs).toBeGreaterThan(28_000);
    });

    it('goes on by itself after an extension by hand that no node answered', async () => {
      const { clock, nodes, lock, extensions } = await setUp();
      await clock.advance(900);
      for (const node of nodes) node.fault = 'deaf';
      const extension = watch(lock.extend(30_000));
      await clock.advance(700);
      for (const node of nodes) node.recover();

      await clock.advance(5_000);

      expect(extension.error).toBeInstanceOf(LockUnavailableError);
      expect(lock.isHeld).toBe(true);
      expect(Math.min(...extensions())).toBeGreaterThan(3);
    });

    it('lasts for the given ttl from now, which then is its own', async () => {
      const { clock, lock } = await setUp({ autoExtend: false });
      await clock.advance(1_000);

      await lock.extend(10_000);
      expect(lock.remainingMs).toBe(10_000 - 102);
      await clock.advance(5_000);
      await lock.extend();

      expect(lock.remainingMs).toBe(10_000 - 102);
    });

    it('may be shortened, and that counts at once', async () => {
      const { lock } = await setUp({ ttl: 10_000 });

      const extension = lock.extend(1_000);
      await settle();
      await extension;

      expect(lock.remainingMs).toBe(988);
    });

    it('refuses a ttl that acquire would refuse, and asks no node', async () => {
      const { lock, extensions } = await setUp();

      await expect(lock.extend(500)).rejects.toThrow(LockOptionsError);
      await expect(lock.extend(60_001)).rejects.toThrow(LockOptionsError);
      expect(extensions()).toEqual([0, 0, 0]);
    });

    it('is unavailable when too few nodes answer, names them, and keeps what it had', async () => {
      const { nodes, lock } = await setUp();
      for (const node of nodes) node.refuse();

      const error = await lock.extend().catch((reason: unknown) => reason);

      expect(error).toBeInstanceOf(LockUnavailableError);
      expect(error).toMatchObject({ votes: [{ vote: 'failed' }, { vote: 'failed' }, { node: 'c' }] });
      expect(lock.remainingMs).toBe(VALIDITY_MS);
    });

    it('is lost when it is not ours any more', async () => {
      const { fleet, lock } = await setUp();
      await fleet.node(0).steal('order:7');
      await fleet.node(1).steal('order:7');

      await expect(lock.extend()).rejects.toMatchObject({ code: 'LOCK_LOST', reason: 'gone' });
    });

    it.each([
      ['released', ({ lock }: Awaited<ReturnType<typeof setUp>>) => lock.release()],
      [
        'expired',
        ({ clock }: Awaited<ReturnType<typeof setUp>>) => {
          clock.stall(VALIDITY_MS);
          return Promise.resolve();
        },
      ],
    ])('is refused after it was %s, and asks no node', async (reason, end) => {
      const held = await setUp();
      await end(held);

      await expect(held.lock.extend()).rejects.toMatchObject({ code: 'LOCK_LOST', reason });
      expect(held.extensions()).toEqual([0, 0, 0]);
    });

    it('rejects when the lock was released while the nodes were extending it', async () => {
      const { clock, nodes, lock } = await setUp();
      for (const node of nodes) node.fault = 'mute';
      const extension = watch(lock.extend());
      await settle();

      void lock.release();
      for (const node of nodes) node.recover();
      await clock.advance(0);

      expect(extension).toMatchObject({
        state: 'rejected',
        error: { code: 'LOCK_LOST', reason: 'released' },
      });
    });

    it('rejects when maxHold ended while the nodes were extending it', async () => {
      const { clock, nodes, lock } = await setUp({ maxHold: 200 });
      for (const node of nodes) node.fault = 'mute';
      const extension = watch(lock.extend());

      await clock.advance(200);
      for (const node of nodes) node.recover();
      await clock.advance(0);

      expect(extension).toMatchObject({
        state: 'rejected',
        error: { code: 'LOCK_LOST', reason: 'max-hold' },
      });
    });

    it('while another extension is under way asks no node when the lock is released before its turn', async () => {
      const { clock, nodes, lock, extensions } = await setUp();
      for (const node of nodes) node.fault = 'mute';
      const both = [watch(lock.extend()), watch(lock.extend())];
      await settle();

      void lock.release();
      for (const node of nodes) node.recover();
      await clock.advance(0);

      expect(extensions()).toEqual([1, 1, 1]);
      expect(both.map(({ state }) => state)).toEqual(['rejected', 'rejected']);
    });

    it('twice at a time asks the nodes one after another', async () => {
      const { clock, nodes, lock, extensions } = await setUp();
      for (const node of nodes) node.fault = 'mute';

      const both = [watch(lock.extend(2_000)), watch(lock.extend(4_000))];
      await settle();
      expect(extensions()).toEqual([1, 1, 1]);
      for (const node of nodes) node.recover();
      await clock.advance(0);

      expect(both.map(({ state }) => state)).toEqual(['resolved', 'resolved']);
      expect(lock.remainingMs).toBe(4_000 - 42);
    });
  });

  describe('released', () => {
    it('is removed from all nodes', async () => {
      const { fleet, lock } = await setUp();

      expect(await lock.release()).toBe('released');
      expect(await fleet.owners('order:7')).toEqual([null, null, null]);
    });

    it('twice asks the nodes once, and tells what came of the first', async () => {
      const { nodes, lock } = await setUp();

      const outcomes = await Promise.all([lock.release(), lock.release()]);
      outcomes.push(await lock.release());

      expect(outcomes).toEqual(['released', 'released', 'released']);
      expect(nodes.map((node) => node.count('release'))).toEqual([1, 1, 1]);
    });

    it('is not held from that moment on, while the nodes still have to answer', async () => {
      const { nodes, lock } = await setUp();
      for (const node of nodes) node.fault = 'stalled';

      void lock.release();

      expect(lock.isHeld).toBe(false);
      expect(lock.remainingMs).toBe(0);
      expect(lock.signal.aborted).toBe(false);
    });

    it('at the end of an `await using` block', async () => {
      const fleet = new Fleet(3);
      const { manager } = fleet.process();

      {
        await using lock = await manager.acquire('order:7');
        expect(lock.isHeld).toBe(true);
      }

      expect(await fleet.owners('order:7')).toEqual([null, null, null]);
    });

    it('with a minority of silent nodes does not wait for them', async () => {
      const { fleet, lock } = await setUp();
      fleet.node(2).fault = 'stalled';

      const release = watch(lock.release());
      await settle();

      expect(release.value).toBe('released');
    });

    it('with a silent majority ends after the node timeout and does not know', async () => {
      const { clock, nodes, lock } = await setUp();
      for (const node of nodes) node.fault = 'deaf';

      const release = watch(lock.release());
      await clock.advance(500);

      expect(release.value).toBe('unknown');
    });

    it('after it has expired tells that, without a rejection and without a wait', async () => {
      const { clock, lock } = await setUp({ autoExtend: false });
      clock.stall(TTL_MS);

      const release = watch(lock.release());
      await settle();

      expect(release.value).toBe('expired');
    });

    it('tells that somebody took it, and aborts the signal', async () => {
      const { nodes, lock } = await setUp();
      const { signal } = lock;
      for (const node of nodes) await node.steal('order:7');

      expect(await lock.release()).toBe('expired');
      expect(signal.reason).toMatchObject({ reason: 'gone' });
    });

    it('leaves what somebody else has in its place alone', async () => {
      const { fleet, nodes, lock } = await setUp();
      for (const node of nodes) await node.steal('order:7');
      const thief = await fleet.process().manager.acquire('order:7');

      await lock.release();

      expect(await fleet.owners('order:7')).toEqual([thief.ownerToken, thief.ownerToken, thief.ownerToken]);
    });

    it('waits for the extension under way, and nothing extends after it', async () => {
      const { fleet, clock, nodes, lock } = await setUp();
      for (const node of nodes) node.fault = 'stalled';
      await clock.advance(1_001);

      const release = watch(lock.release());
      await settle();
      expect(nodes.map((node) => node.count('release'))).toEqual([0, 0, 0]);
      for (const node of nodes) node.recover();
      await clock.advance(60_000);

      expect(release.value).toBe('released');
      expect(nodes.map(({ sent }) => sent.map(({ verb }) => verb))).toEqual(
        nodes.map(() => ['acquire', 'extend', 'release']),
      );
      expect(await fleet.owners('order:7')).toEqual([null, null, null]);
      expect(clock.pendingTimers).toBe(0);
    });

    it('is bounded by two node timeouts, extension under way included', async () => {
      const { clock, nodes, lock } = await setUp();
      for (const node of nodes) node.fault = 'deaf';
      await clock.advance(1_001);

      const release = watch(lock.release());
      await clock.advance(1_000);

      expect(release.value).toBe('unknown');
    });

    it('leaves no orphan on a node that applies a heal after the release', async () => {
      const { fleet, clock, lock } = await setUp();
      fleet.node(2).restartEmpty();
      fleet.node(2).fault = 'stalled';
      await clock.advance(1_001);
      await lock.release();

      fleet.node(2).recover();
      await clock.advance(0);

      expect(await fleet.owners('order:7')).toEqual([null, null, null]);
    });

    it('before holdAtLeast keeps the key until then', async () => {
      const { fleet, clock, lock } = await setUp({ holdAtLeast: 5_000 });
      await clock.advance(1_500);

      await lock.release();
      expect(lock.isHeld).toBe(false);
      await clock.advance(3_499);
      expect(await fleet.owners('order:7')).toEqual([lock.ownerToken, lock.ownerToken, lock.ownerToken]);
      await clock.advance(1);

      expect(await fleet.owners('order:7')).toEqual([null, null, null]);
    });

    it('after holdAtLeast frees the key at once', async () => {
      const { fleet, clock, lock } = await setUp({ holdAtLeast: 5_000 });
      await clock.advance(5_000);

      await lock.release();

      expect(await fleet.owners('order:7')).toEqual([null, null, null]);
    });

    it('before holdAtLeast keeps the key on a node whose grant came late', async () => {
      const fleet = new Fleet(3);
      fleet.node(2).fault = 'stalled';
      const lock = await fleet.process().manager.acquire('job', { holdAtLeast: 5_000 });
      await lock.release();

      fleet.node(2).recover();
      await fleet.clock.advance(4_000);

      expect(await fleet.owners('job')).toEqual([lock.ownerToken, lock.ownerToken, lock.ownerToken]);
    });
  });

  it('with several resources is lost as a whole when one of them is taken on a majority', async () => {
    const fleet = new Fleet(3);
    const lock = await fleet.process().manager.acquire(['a', 'b', 'c'], { ttl: TTL_MS });
    await fleet.node(0).steal('b');
    await fleet.node(1).steal('b');

    await fleet.clock.advance(1_001);

    expect(lock.isHeld).toBe(false);
    for (const resource of ['a', 'b', 'c']) expect(await fleet.owners(resource)).toEqual([null, null, null]);
  });
});
