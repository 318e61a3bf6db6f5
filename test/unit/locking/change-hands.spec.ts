import type { HeldLock } from '../../../lib/locking/holding/held-lock';
import type { LockOptions } from '../../../lib/locking/api/lock-options';
import { Fleet } from '../../helpers/fleet';
import { settle } from '../../helpers/virtual-clock';
import { type Watched, watch } from '../../helpers/watch';

const FREE = [null, null, null];
const VALID_MS = 10_000 * 0.99 - 2;

const stall = (fleet: Fleet) => {
  for (const node of fleet.nodes) node.fault = 'stalled';
};
const recover = (fleet: Fleet) => {
  for (const node of fleet.nodes) node.recover();
};
const sentTo = (fleet: Fleet) => fleet.node(0).sent.map(({ verb }) => verb);
const extensions = (fleet: Fleet) => fleet.node(0).count('extend');

/** A holder that won when the others stood in line already, all of them with the same options. */
async function lineOf(count: number, { fleet = new Fleet(3), options = {}, nodeTimeoutMs = 500 } = {}) {
  const process = fleet.process({ nodeTimeoutMs });
  const first = await process.manager.acquire('job', { label: 'first' });
  const ask = (more: LockOptions = {}) =>
    watch(process.manager.acquire('job', { wait: 30_000, ...options, ...more }));
  const head = ask();
  const line = Array.from({ length: count }, () => ask());
  await first.release();
  await fleet.clock.advance(10);
  return { fleet, process, clock: fleet.clock, holder: heldBy(head), line, ask };
}

function heldBy(watched: Watched<HeldLock> | undefined): HeldLock {
  if (watched?.value === undefined) throw new Error('it does not hold');
  return watched.value;
}

describe('a lease that changes hands as it is', () => {
  it('is on the nodes under the same owner token, and they are asked only whether it was still there', async () => {
    const { fleet, holder, line } = await lineOf(2);
    const before = sentTo(fleet).length;

    expect(await holder.release()).toBe('released');
    await settle();
    const successor = heldBy(line[0]);

    expect(successor.isHeld).toBe(true);
    expect(successor.ownerToken).toBe(holder.ownerToken);
    expect(await fleet.owners('job')).toEqual(Array.from({ length: 3 }, () => holder.ownerToken));
    expect(sentTo(fleet).slice(before)).toEqual(['extend']);
    // Less than what is left of it, so the node writes nothing.
    expect(fleet.node(0).sent.at(-1)?.request).toMatchObject({ ttlMs: 5_000 });
    expect(fleet.node(0).sent.at(-1)?.request).not.toHaveProperty('replaces', expect.anything());
  });

  it('is with the next caller before the nodes have answered, for as long as it would have lasted', async () => {
    const { fleet, clock, holder, line } = await lineOf(1);
    await clock.advance(50);
    const leftMs = holder.remainingMs;
    stall(fleet);

    const released = watch(holder.release());
    await settle();

    const successor = heldBy(line[0]);
    expect(successor.remainingMs).toBe(leftMs);
    expect(released.state).toBe('pending');
    recover(fleet);
    await settle();
    expect(released.value).toBe('released');
    expect(successor.remainingMs).toBe(leftMs);
  });

  it('costs one question for all who had it since the nodes were asked last', async () => {
    const { fleet, holder, line } = await lineOf(20);
    const before = extensions(fleet);
    stall(fleet);
    const releases = [watch(holder.release())];
    for (const watched of line.slice(0, 19)) {
      await settle();
      releases.push(watch(heldBy(watched).release()));
    }
    expect(releases.every(({ state }) => state === 'pending')).toBe(true);
    recover(fleet);
    await settle();

    expect(releases.map(({ value }) => value)).toEqual(releases.map(() => 'released'));
    expect(extensions(fleet) - before).toBe(2);
    expect(heldBy(line[19]).isHeld).toBe(true);
  });

  it('tells those who had it together with the last of them, which gives it back', async () => {
    const { fleet, clock, holder, line } = await lineOf(2);
    stall(fleet);
    const releases = [watch(holder.release())];
    await settle();
    releases.push(watch(heldBy(line[0]).release()));
    await settle();
    releases.push(watch(heldBy(line[1]).release()));
    const before = extensions(fleet);
    recover(fleet);
    await clock.advance(10);

    expect(releases.map(({ value }) => value)).toEqual(['released', 'released', 'released']);
    expect(extensions(fleet)).toBe(before);
    expect(await fleet.owners('job')).toEqual(FREE);
  });

  it('is one hold for each caller in the events, with the same owner token, and no extension', async () => {
    const { process, holder, line } = await lineOf(1);
    await holder.release();
    await settle();
    await heldBy(line[0]).release();

    const { ownerToken } = holder;
    const ofLease = process.events.filter(
      (event) => 'ownerToken' in event && event.ownerToken === ownerToken,
    );
    expect(ofLease.map(({ type }) => type).sort()).toEqual(['acquired', 'acquired', 'released', 'released']);
    expect(process.eventTypes()).not.toContain('extended');
  });

  it('is what inspect shows, whoever of the process has it', async () => {
    const { process, holder, line } = await lineOf(1, { options: { label: 'worker' } });
    void holder.release();
    await settle();

    const { state, holder: found } = await process.manager.inspect('job');
    expect(state).toBe('held');
    expect(found).toMatchObject({ ownerToken: heldBy(line[0]).ownerToken, label: 'worker' });
  });

  it('is kept alive by the last of many for as long as it wants it', async () => {
    const { fleet, clock, process, holder, line } = await lineOf(3);
    void holder.release();
    for (const watched of line.slice(0, 2)) {
      await clock.advance(20);
      void heldBy(watched).release();
    }
    await clock.advance(120_000);

    const last = heldBy(line[2]);
    expect(last.isHeld).toBe(true);
    expect(await last.release()).toBe('released');
    expect(await fleet.owners('job')).toEqual(FREE);
    await process.service.close();
    expect(clock.pendingTimers).toBe(0);
  });

  // It changes hands within 100 ms, and its extension is due after about 80.
  describe('is kept alive for the next caller, with a short ttl', () => {
    const shortly = (count: number) => lineOf(count, { options: { ttl: 240 }, nodeTimeoutMs: 100 });
    const isKept = async (fleet: Fleet, watched: Watched<HeldLock> | undefined) => {
      recover(fleet);
      await fleet.clock.advance(3_000);
      return heldBy(watched).isHeld;
    };

    it('where the question is under way when the extension is due', async () => {
      const { fleet, clock, holder, line } = await shortly(1);
      stall(fleet);
      void holder.release();
      await clock.advance(85);

      expect(heldBy(line[0]).ownerToken).toBe(holder.ownerToken);
      expect(await isKept(fleet, line[0])).toBe(true);
    });

    it('where an extension is under way when its holder is done', async () => {
      const { fleet, clock, holder, line } = await shortly(1);
      stall(fleet);
      await clock.advance(80);
      const before = fleet.node(0).sent.length;
      void holder.release();
      await settle();
      expect(line[0]?.state).toBe('pending');
      recover(fleet);
      await settle();

      expect(
        fleet
          .node(0)
          .sent.slice(before)
          .map(({ verb }) => verb),
      ).toEqual(['extend']);
      expect(heldBy(line[0]).ownerToken).toBe(holder.ownerToken);
      expect(await isKept(fleet, line[0])).toBe(true);
    });

    it('where its holder is done before the extension that is due has begun', async () => {
      const { fleet, clock, holder, line } = await shortly(2);
      stall(fleet);
      void holder.release();
      await clock.advance(80);
      void heldBy(line[0]).release();
      recover(fleet);
      await settle();

      expect(heldBy(line[1]).ownerToken).toBe(holder.ownerToken);
      expect(await isKept(fleet, line[1])).toBe(true);
    });
  });

  it('is in the async context of each caller the lock of that caller', async () => {
    const fleet = new Fleet(3);
    const { service, manager } = fleet.process();
    const first = await manager.acquire('job', { label: 'first' });
    const seen: boolean[] = [];
    const tasks = Array.from({ length: 4 }, () =>
      service.withLock('job', async (lock) => {
        await settle();
        await service.withLock('job', (inner) => seen.push(inner === lock && service.current() === lock));
      }),
    );
    await first.release();
    await fleet.clock.advance(10);
    await Promise.all(tasks);

    expect(seen).toEqual([true, true, true, true]);
  });

  describe('is not the business of whoever had it before', () => {
    it('whose handle extends nothing any more', async () => {
      const { fleet, holder, line } = await lineOf(1);
      await holder.release();
      await settle();
      const successor = heldBy(line[0]);
      const before = sentTo(fleet).length;

      await expect(holder.extend(60_000)).rejects.toMatchObject({ code: 'LOCK_LOST', reason: 'released' });
      expect(() => {
        holder.assertHeld();
      }).toThrow('released');
      await expect(holder.detach()).rejects.toMatchObject({ code: 'LOCK_LOST' });
      expect(await holder.release()).toBe('released');
      expect(holder.isHeld).toBe(false);
      expect(holder.remainingMs).toBe(0);

      expect(sentTo(fleet).length).toBe(before);
      expect(successor.remainingMs).toBeCloseTo(VALID_MS - 10);
    });

    it('whose extension was under way, or in line, when it was done', async () => {
      const { fleet, clock, holder, line } = await lineOf(1);
      stall(fleet);
      const asked = [holder.extend(50_000), holder.extend(60_000)].map((one) => one.catch(() => 'refused'));
      void holder.release();
      await settle();
      expect(line[0]?.state).toBe('pending');
      recover(fleet);
      await clock.advance(10);

      expect(await Promise.all(asked)).toEqual(['refused', 'refused']);
      const successor = heldBy(line[0]);
      expect(successor.ownerToken).not.toBe(holder.ownerToken);
      expect(successor.remainingMs).toBeLessThan(VALID_MS + 1);
    });

    it('whose signal is silent when the next one loses it', async () => {
      const { clock, process, holder, line } = await lineOf(1);
      const { signal } = holder;
      await holder.release();
      await settle();
      await process.manager.forceRelease('job');
      await clock.advance(10_000);

      expect(heldBy(line[0]).lossError).toMatchObject({ reason: 'gone' });
      expect(signal.aborted).toBe(false);
      expect(process.eventTypes().filter((type) => type === 'lost')).toHaveLength(1);
    });
  });

  describe('and was taken away by force', () => {
    it('is told as lost to all who had it since the nodes were asked last, and to nobody before', async () => {
      const { fleet, process, clock, holder, line } = await lineOf(4);
      expect(await holder.release()).toBe('released');
      await settle();
      const early = heldBy(line[0]);
      expect(await early.release()).toBe('released');
      await settle();
      await process.manager.forceRelease('job');
      await fleet.process().manager.acquire('job', { ttl: 30_000 });
      stall(fleet);
      const forced = [heldBy(line[1])];
      const releases = [watch(heldBy(line[1]).release())];
      await settle();
      forced.push(heldBy(line[2]));
      releases.push(watch(heldBy(line[2]).release()));
      await settle();
      const last = heldBy(line[3]);
      recover(fleet);
      await clock.advance(10);

      expect(releases.map(({ value }) => value)).toEqual(['expired', 'expired']);
      expect(forced.map(({ lossError }) => lossError?.reason)).toEqual(['gone', 'gone']);
      expect(last.signal.reason).toMatchObject({ code: 'LOCK_LOST', reason: 'gone' });
      expect([holder, early].map(({ lossError }) => lossError)).toEqual([undefined, undefined]);
      expect(new Set(await fleet.owners('job')).has(holder.ownerToken)).toBe(false);
    });

    it('is told to every task that was done before the nodes had answered', async () => {
      const { fleet, clock, process, holder } = await lineOf(0);
      const tasks = Array.from({ length: 3 }, () => watch(process.service.withLock('job', () => 'done')));
      await process.manager.forceRelease('job');
      stall(fleet);
      void holder.release();
      await settle();
      recover(fleet);
      await clock.advance(20);

      for (const { error } of tasks) expect(error).toMatchObject({ code: 'LOCK_LOST', reason: 'gone' });
    });

    it('is told to one that has it before it has anything of it', async () => {
      const { fleet, clock, process, holder, line } = await lineOf(2);
      await process.manager.forceRelease('job');
      void holder.release();
      await clock.advance(10);

      expect(heldBy(line[0]).isHeld).toBe(false);
      expect(heldBy(line[0]).lossError).toMatchObject({ reason: 'gone' });
      expect(heldBy(line[1]).isHeld).toBe(true);
      expect(new Set(await fleet.owners('job')).size).toBe(1);
    });
  });

  it('is told as unknown where the nodes do not answer, and ends for the last holder with its validity', async () => {
    const { fleet, clock, holder, line } = await lineOf(2);
    for (const node of fleet.nodes) node.fault = 'deaf';
    const releases = [watch(holder.release())];
    await settle();
    releases.push(watch(heldBy(line[0]).release()));
    await clock.advance(1_100);
    expect(releases.map(({ value }) => value)).toEqual(['unknown', 'unknown']);

    const last = heldBy(line[1]);
    expect(last.isHeld).toBe(true);
    await clock.advance(last.remainingMs - 1);
    expect(last.signal.aborted).toBe(false);
    await clock.advance(2);
    expect(last.signal.reason).toMatchObject({ reason: 'expired' });
  });

  it('goes on no more after too few nodes have answered, so that few are told so', async () => {
    const { fleet, holder, line } = await lineOf(20);
    fleet.node(0).refuse();
    fleet.node(1).refuse();
    const outcomes: (string | undefined)[] = [];
    let next: HeldLock | undefined = holder;
    while (next !== undefined) {
      const released = watch(next.release());
      await settle();
      outcomes.push(released.value);
      next = line.find(({ value }) => value?.isHeld === true)?.value;
    }

    expect(outcomes[0]).toBe('unknown');
    expect(outcomes.length).toBeLessThanOrEqual(3);
  });

  it('is told as unknown to those before where it has expired until it is released', async () => {
    const { fleet, clock, holder, line } = await lineOf(2, { nodeTimeoutMs: 6_000 });
    for (const node of fleet.nodes) node.fault = 'deaf';
    void holder.release();
    await settle();
    const released = watch(heldBy(line[0]).release());
    await settle();
    void heldBy(line[1]).release();
    clock.stall(20_000);
    recover(fleet);
    await clock.advance(10);

    expect(released.value).toBe('unknown');
    expect(heldBy(line[0]).lossError).toBeUndefined();
  });

  it('is left to another process by its last holder alone, and nothing extends it here any more', async () => {
    const { fleet, clock, holder, line } = await lineOf(1);
    stall(fleet);
    const released = watch(holder.release());
    await settle();
    const leaving = watch(heldBy(line[0]).detach());
    recover(fleet);
    await clock.advance(10);
    expect(released.value).toBe('released');
    const ticket = leaving.value;
    if (ticket === undefined) throw new Error('it did not leave');
    const before = extensions(fleet);
    await clock.advance(5_000);
    expect(extensions(fleet)).toBe(before);

    const resumed = await fleet.process().manager.resume(ticket);
    expect(resumed.ownerToken).toBe(holder.ownerToken);
    expect(await resumed.release()).toBe('released');
  });

  it('leaves nothing behind when the service is closed while it changes hands', async () => {
    const { fleet, clock, process, holder, line } = await lineOf(3);
    stall(fleet);
    const released = watch(holder.release());
    await settle();
    const closed = process.service.close();
    void heldBy(line[0]).release();
    recover(fleet);
    await clock.advance(20_000);
    await closed;

    expect(released.value).toBe('released');
    expect(line.map(({ state }) => state)).toEqual(['resolved', 'rejected', 'rejected']);
    expect(await fleet.owners('job')).toEqual(FREE);
    expect(clock.pendingTimers).toBe(0);
  });

  describe('goes to nobody who asked for something else', () => {
    it.each<[string, LockOptions]>([
      ['for another ttl', { ttl: 9_000 }],
      ['under another name', { label: 'other' }],
      ['with a number', { fencing: true }],
      ['without being kept alive', { autoExtend: false }],
      ['in the order of all processes', { fair: true }],
    ])('%s', async (_, other) => {
      const { clock, holder, ask } = await lineOf(0);
      const next = ask(other);
      void holder.release();
      await clock.advance(10);

      expect(heldBy(next).ownerToken).not.toBe(holder.ownerToken);
      expect(heldBy(next).isHeld).toBe(true);
    });

    it('and from nobody who has a number', async () => {
      const { clock, holder, line, ask } = await lineOf(1, { options: { fencing: true } });
      void holder.release();
      await clock.advance(10);
      const next = ask({ fencing: false });
      await clock.advance(10);
      void heldBy(line[0]).release();
      await clock.advance(10);

      expect(heldBy(line[0]).fencingToken).toBeGreaterThan(holder.fencingToken ?? Infinity);
      expect(heldBy(next).ownerToken).not.toBe(heldBy(line[0]).ownerToken);
      expect(heldBy(next).fencingToken).toBeUndefined();
    });

    it('nor where less than half of the ttl is certain', async () => {
      const { clock, holder, line } = await lineOf(1);
      const { validUntilMs } = (holder as unknown as { lease: { validUntilMs: number } }).lease;
      clock.stall(validUntilMs - clock.now() - 4_999);
      void holder.release();
      await clock.advance(10);

      expect(heldBy(line[0]).ownerToken).not.toBe(holder.ownerToken);
    });

    it('nor where its holder asked for another ttl', async () => {
      const { clock, holder, line } = await lineOf(1);
      await holder.extend(20_000);
      await holder.extend(10_000);
      void holder.release();
      await clock.advance(10);

      expect(heldBy(line[0]).ownerToken).not.toBe(holder.ownerToken);
    });

    it('nor where it has to be held for longer', async () => {
      const { fleet, clock, holder, line } = await lineOf(1, { options: { holdAtLeast: 20_000 } });
      void holder.release();
      await clock.advance(10);

      expect(line[0]?.state).toBe('pending');
      expect(await fleet.owners('job')).toEqual(Array.from({ length: 3 }, () => holder.ownerToken));
    });

    it('nor where it was lost', async () => {
      const { clock, holder, line } = await lineOf(1);
      holder.lose('max-hold');
      await clock.advance(10);

      expect(heldBy(line[0]).ownerToken).not.toBe(holder.ownerToken);
    });
  });

  describe('within bounds', () => {
    /** Each of them gives it back at once; how many had the very lease. */
    async function turns(holder: HeldLock, line: readonly Watched<HeldLock>[], fleet: Fleet, holdMs = 0) {
      let count = 0;
      let current = holder;
      for (const watched of line) {
        await fleet.clock.advance(holdMs);
        void current.release();
        await settle();
        await settle();
        if (watched.value?.ownerToken !== holder.ownerToken) break;
        current = heldBy(watched);
        count += 1;
      }
      return count;
    }

    it('of 100 milliseconds where no other process waits, whatever the count', async () => {
      const { fleet, holder, line } = await lineOf(300);

      expect(await turns(holder, line.slice(0, 200), fleet)).toBe(200);
      // Won 10 ms ago.
      expect(await turns(heldBy(line[199]), line.slice(200), fleet, 30)).toBe(2);
    });

    it('of 32 turns where others wait', async () => {
      const fleet = new Fleet(3);
      const [mine, theirs] = [fleet.process().manager, fleet.process().manager];
      const first = await mine.acquire('job', { label: 'first' });
      const others = [watch(theirs.acquire('job')), watch(theirs.acquire('job', { label: 'other' }))];
      await fleet.clock.advance(50);
      const [head, ...line] = Array.from({ length: 60 }, () => watch(mine.acquire('job', { wait: 30_000 })));
      await first.release();
      for (const other of others) {
        await fleet.clock.advance(20);
        await heldBy(other).release();
      }
      await fleet.clock.advance(20);

      expect(await turns(heldBy(head), line, fleet)).toBe(32);
    });

    it('so that another process which came meanwhile has it after 100 milliseconds', async () => {
      const { fleet, clock, holder, line } = await lineOf(100);
      const other = watch(fleet.process().manager.acquire('job', { wait: 30_000 }));
      await clock.advance(5);
      let current: HeldLock | undefined = holder;
      for (const watched of line) {
        void current.release();
        await clock.advance(10);
        current = watched.value;
        if (current === undefined) break;
      }

      expect(other.value?.isHeld).toBe(true);
      expect(line.filter(({ state }) => state === 'resolved').length).toBeLessThan(10);
      await other.value?.release();
      await clock.advance(10);
      expect(line.some(({ value }) => value?.isHeld === true)).toBe(true);
    });

    it('of 32 turns in which nothing is read that has arrived, or of many more in which no time passes', async () => {
      const { fleet, holder, line } = await lineOf(1_100);
      const reading = jest.spyOn(fleet.clock, 'afterArrivedReplies');
      const next = line.values();
      let current: HeldLock = holder;
      /** How many get it until something is read. */
      const turnsUntilRead = async () => {
        reading.mockClear();
        for (let count = 0; ; count++) {
          const watched: Watched<HeldLock> | undefined = next.next().value;
          void current.release();
          if (reading.mock.calls.length > 0) expect(watched?.state).toBe('pending');
          await settle();
          current = heldBy(watched);
          if (reading.mock.calls.length > 0) return count;
        }
      };

      expect(await turnsUntilRead()).toBe(32);
      expect(await turnsUntilRead()).toBe(1_023);
      fleet.clock.stall(1);
      expect(await turnsUntilRead()).toBe(31);
    });
  });
});
