import { inspect } from 'node:util';
import { LockKeyError } from '../../../lib/errors/lock-key.error';
import { LockLostError } from '../../../lib/errors/lock-lost.error';
import { LockOptionsError } from '../../../lib/errors/lock-options.error';
import { LeaderElection, type ElectionHost } from '../../../lib/service/leader-election';
import { detached } from '../../../lib/ports/detached';
import { deferred } from '../../helpers/deferred';
import { Fleet } from '../../helpers/fleet';
import { watch } from '../../helpers/watch';

function heard(election: LeaderElection): boolean[] {
  const all: boolean[] = [];
  election.leader$.subscribe((isLeader) => all.push(isLeader));
  return all;
}

describe('an election', () => {
  it('has one leader among all processes', async () => {
    const fleet = new Fleet(3);
    const elections = [0, 1, 2, 3].map(() => fleet.process().service.election('jobs'));
    await fleet.clock.advance(50);

    expect(elections.filter(({ isLeader }) => isLeader)).toHaveLength(1);
    await fleet.clock.advance(60_000);
    expect(elections.filter(({ isLeader }) => isLeader)).toHaveLength(1);
  });

  it('is one for each name of a process, however often it is asked for', () => {
    const { service } = new Fleet(1).process();

    expect(service.election('jobs')).toBe(service.election('jobs'));
    expect(service.election('jobs')).not.toBe(service.election('mails'));
  });

  it('tells who leads, at once and at every change', async () => {
    const fleet = new Fleet(3);
    const [one, other] = [fleet.process().service, fleet.process().service];
    const first = one.election('jobs');
    const changes = heard(first);
    await fleet.clock.advance(10);
    const second = other.election('jobs');
    const later = heard(second);
    await fleet.clock.advance(10);
    void first.resign();
    await fleet.clock.advance(100);

    expect(changes).toEqual([false, true, false]);
    expect(later).toEqual([false, true]);
    expect([first.isLeader, second.isLeader]).toEqual([false, true]);
  });

  it('goes on with another leader when its process is gone, after the ttl at the latest', async () => {
    const fleet = new Fleet(3);
    const first = fleet.process();
    first.service.election('jobs', { ttl: 3_000 });
    await fleet.clock.advance(10);
    const second = fleet.process().service.election('jobs', { ttl: 3_000 });
    await fleet.clock.advance(10);
    // What a killed process leaves: its key, and nobody who extends it.
    for (const node of fleet.nodes) node.refuse();
    await fleet.clock.advance(3_000);
    await first.service.close().catch(() => undefined);
    for (const node of fleet.nodes) node.recover();
    await fleet.clock.advance(4_000);

    expect(second.isLeader).toBe(true);
  });

  it('campaigns again after a loss, and gives each term a larger number', async () => {
    const fleet = new Fleet(3);
    const { service } = fleet.process();
    const election = service.election('jobs', { fencing: true });
    const changes = heard(election);
    await fleet.clock.advance(10);
    const { signal, fencingToken: first = 0 } = election;
    await service.forceRelease('jobs');
    await fleet.clock.advance(10_000);

    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBeInstanceOf(LockLostError);
    expect(changes).toEqual([false, true, false, true]);
    expect(election.isLeader).toBe(true);
    expect(election.signal.aborted).toBe(false);
    expect(election.fencingToken).toBeGreaterThan(first);
  });

  it.each([
    ['maxHold', { maxHold: 1_000 }],
    ['autoExtend', { autoExtend: false }],
  ])('is led for as long as its leader lives, whatever the module says of %s', async (_, defaults) => {
    const fleet = new Fleet(3);
    const changes = heard(fleet.process({ defaults }).service.election('jobs'));
    await fleet.clock.advance(60_000);

    expect(changes).toEqual([false, true]);
  });

  it.each([
    ['wait', { wait: 0 }],
    ['maxWaiting', { maxWaiting: 0 }],
  ])('goes on for a process that does not lead, whatever the module says of %s', async (_, defaults) => {
    const fleet = new Fleet(3);
    const first = fleet.process().service.election('jobs');
    await fleet.clock.advance(10);
    const second = fleet.process({ defaults }).service.election('jobs');
    await fleet.clock.advance(5_000);
    void first.resign();
    await fleet.clock.advance(5_000);

    expect(second.isLeader).toBe(true);
  });

  it('goes on while the nodes are silent, whatever the module says of outageWait', async () => {
    const fleet = new Fleet(3);
    for (const node of fleet.nodes) node.refuse();
    const election = fleet.process({ defaults: { outageWait: 0 } }).service.election('jobs');
    await fleet.clock.advance(60_000);
    for (const node of fleet.nodes) node.recover();
    await fleet.clock.advance(10_000);

    expect(election.isLeader).toBe(true);
  });

  it('waits behind others of its process, whatever the module says of maxWaiting', async () => {
    const fleet = new Fleet(3);
    const { service } = fleet.process({ defaults: { maxWaiting: 0 } });
    const work = deferred();
    void service.withLock('jobs', () => work.promise);
    await fleet.clock.advance(10);
    const election = service.election('jobs');
    await fleet.clock.advance(10);
    expect(election.isLeader).toBe(false);

    work.resolve();
    await fleet.clock.advance(1_000);
    expect(election.isLeader).toBe(true);
  });

  it('is given up at once, whatever the module says of holdAtLeast', async () => {
    const fleet = new Fleet(3);
    const election = fleet.process({ defaults: { holdAtLeast: 5_000 } }).service.election('jobs');
    await fleet.clock.advance(10);
    void election.resign();
    await fleet.clock.advance(10);

    expect(await fleet.owners('jobs')).toEqual([null, null, null]);
  });

  it('is no part of the task that asked for it first', async () => {
    const fleet = new Fleet(3);
    const { service } = fleet.process();
    const seen: unknown[] = [];
    void service.withLock('order', async () => {
      const { leader$ } = service.election('jobs');
      detached(() => leader$.subscribe(() => seen.push(service.current('order'))));
      await new Promise(() => undefined);
    });
    await fleet.clock.advance(100);

    expect(seen).toEqual([undefined, undefined]);
  });

  it('is over for its leader as soon as the clocks say so, and before any timer does', async () => {
    const fleet = new Fleet(3);
    const election = fleet.process().service.election('jobs');
    await fleet.clock.advance(10);
    fleet.clock.stall(10_000);
    const { signal } = election;
    const task = jest.fn();

    expect(signal.aborted).toBe(true);
    expect(election.isLeader).toBe(false);
    expect(await election.run(task)).toBeUndefined();
    expect(task).not.toHaveBeenCalled();
  });

  it('has a signal that has aborted in a process that does not lead', async () => {
    const fleet = new Fleet(3);
    fleet.process().service.election('jobs');
    await fleet.clock.advance(10);
    const election = fleet.process().service.election('jobs');
    await fleet.clock.advance(10);

    expect(election.isLeader).toBe(false);
    expect(election.signal.aborted).toBe(true);
    expect(election.fencingToken).toBeUndefined();
  });

  it('goes on where the lock is over before anybody heard of it', async () => {
    const fleet = new Fleet(3);
    const { clock } = fleet;
    const { manager } = fleet.process();
    const given: unknown[] = [];
    const host = {
      clock,
      acquire: async () => {
        if (given.length === 2) return new Promise(() => undefined);
        const lock = await manager.acquire('jobs', { wait: 0 });
        given.push(lock);
        lock.lose('expired');
        return lock;
      },
      standing: () => ({ end: () => Promise.resolve() }),
      isInside: () => false,
    } as unknown as ElectionHost;
    const election = new LeaderElection('jobs', {}, host);
    const changes = heard(election);

    election.start();
    await clock.advance(10);

    expect(given).toHaveLength(2);
    expect(changes).toEqual([false]);
  });

  it('has a number only while it has a term', async () => {
    const fleet = new Fleet(3);
    const election = fleet.process().service.election('jobs', { fencing: true });
    expect(election.fencingToken).toBeUndefined();
    await fleet.clock.advance(10);
    expect(election.fencingToken).toBeGreaterThan(0);

    void election.resign();
    await fleet.clock.advance(10);

    expect(election.fencingToken).toBeUndefined();
  });

  it('is shown without what it is made of', () => {
    const { service } = new Fleet(1).process();

    expect(inspect(service.election('jobs'))).toMatch(
      /^LeaderElection \{ name: 'jobs', isLeader: \w+, [^{}]*\}$/,
    );
  });

  it('tells of an error that it did not expect', async () => {
    const { clock } = new Fleet(1);
    const error = new Error('a mistake');
    const host = { clock, acquire: () => Promise.reject(error) } as unknown as ElectionHost;
    const election = new LeaderElection('jobs', {}, host);
    const told: unknown[] = [];
    election.leader$.subscribe({ error: (one) => told.push(one) });

    election.start();
    await clock.advance(10);

    expect(told).toEqual([error]);
  });

  describe('whose process resigns', () => {
    it('tells that it does not lead before anything else happens', async () => {
      const fleet = new Fleet(3);
      const election = fleet.process().service.election('jobs');
      const changes = heard(election);
      await fleet.clock.advance(10);

      void election.resign();

      expect(changes).toEqual([false, true, false]);
    });

    it('ends no stream where it was not the leader, and may take part again', async () => {
      const fleet = new Fleet(3);
      const leader = fleet.process().service.election('jobs');
      await fleet.clock.advance(10);
      const election = fleet.process().service.election('jobs');
      const told: unknown[] = [];
      election.leader$.subscribe({
        next: (isLeader) => told.push(isLeader),
        error: (error) => told.push(error),
      });
      await fleet.clock.advance(10);
      void election.resign();
      await fleet.clock.advance(10);
      expect(told).toEqual([false]);

      election.start();
      void leader.resign();
      await fleet.clock.advance(100);

      expect(told).toEqual([false, true]);
    });

    it('tells the running task by the signal, and goes on elsewhere when that has ended', async () => {
      const fleet = new Fleet(3);
      const election = fleet.process().service.election('jobs');
      await fleet.clock.advance(10);
      const other = fleet.process().service.election('jobs');
      const work = deferred<string>();
      const { signal } = election;
      const result = watch(election.run(() => work.promise));
      const resigned = watch(election.resign());
      await fleet.clock.advance(500);

      expect(signal.aborted).toBe(true);
      expect([election.isLeader, other.isLeader]).toEqual([false, false]);
      expect(resigned.state).toBe('pending');

      work.resolve('done');
      await fleet.clock.advance(50);
      expect(result.value).toBe('done');
      expect(resigned.state).toBe('resolved');
      expect(other.isLeader).toBe(true);
    });

    it('has given the lock back when that is told', async () => {
      const fleet = new Fleet(3);
      for (const node of fleet.nodes) node.latencyMs = 20;
      const election = fleet.process().service.election('jobs');
      await fleet.clock.advance(100);
      const resigned = watch(election.resign());
      await fleet.clock.advance(15);
      expect(resigned.state).toBe('pending');
      await fleet.clock.advance(100);

      expect(resigned.state).toBe('resolved');
      expect(await fleet.owners('jobs')).toEqual([null, null, null]);
    });

    it('waits for the tasks of each term, where it took part again meanwhile', async () => {
      const fleet = new Fleet(3);
      const election = fleet.process().service.election('jobs');
      await fleet.clock.advance(10);
      const work = deferred();
      void election.run(() => work.promise);
      void election.resign();
      election.start();
      const resigned = watch(election.resign());
      await fleet.clock.advance(1_000);
      expect(resigned.state).toBe('pending');

      work.resolve();
      await fleet.clock.advance(100);
      expect(resigned.state).toBe('resolved');
    });

    it('takes no part any more because its service closes, whoever has it start again', async () => {
      const fleet = new Fleet(3);
      const { service } = fleet.process();
      const election = service.election('jobs');
      await fleet.clock.advance(10);
      const told: unknown[] = [];
      election.leader$.subscribe({
        next: (isLeader) => {
          told.push(isLeader);
          if (!isLeader) election.start();
        },
        error: (error) => told.push(error),
        complete: () => told.push('complete'),
      });
      void service.close();
      await fleet.clock.advance(1_000);

      expect(told).toEqual([true, false, 'complete']);
    });

    it('takes part again after start', async () => {
      const fleet = new Fleet(3);
      const election = fleet.process().service.election('jobs');
      await fleet.clock.advance(10);
      void election.resign();
      await fleet.clock.advance(5_000);
      expect(election.isLeader).toBe(false);

      election.start();
      election.start();
      await fleet.clock.advance(10);
      expect(election.isLeader).toBe(true);
      expect(await fleet.owners('jobs')).not.toContain(null);
    });

    it.each([0, 1, 2])(
      'takes part once, however often it is started, where a task ended after %i ms',
      async (ms) => {
        const fleet = new Fleet(3);
        const election = fleet.process().service.election('jobs');
        await fleet.clock.advance(10);
        void election.run(() => fleet.clock.advance(ms));
        void election.resign();
        election.start();
        election.start();
        await fleet.clock.advance(100);
        expect(election.isLeader).toBe(true);

        const resigned = watch(election.resign());
        await fleet.clock.advance(100);
        expect(resigned.state).toBe('resolved');
        expect(await fleet.owners('jobs')).toEqual([null, null, null]);
      },
    );

    it('is done at any moment around the grant, and leaves nothing', async () => {
      for (let turns = 0; turns < 60; turns++) {
        const fleet = new Fleet(3);
        const election = fleet.process().service.election('jobs');
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();

        const resigned = watch(election.resign());
        await fleet.clock.advance(100);

        expect([turns, resigned.state, election.isLeader]).toEqual([turns, 'resolved', false]);
        expect([turns, await fleet.owners('jobs')]).toEqual([turns, [null, null, null]]);
      }
    });

    it('is done, where somebody who hears of it has it take part again', async () => {
      const fleet = new Fleet(3);
      const election = fleet.process().service.election('jobs');
      await fleet.clock.advance(10);
      election.signal.addEventListener('abort', () => {
        election.start();
      });

      const resigned = watch(election.resign());
      await fleet.clock.advance(100);

      expect(resigned.state).toBe('resolved');
      expect(election.isLeader).toBe(true);
    });

    it('is not waited for by the task that asks for it, and begins no other', async () => {
      const fleet = new Fleet(3);
      const election = fleet.process().service.election('jobs');
      await fleet.clock.advance(10);
      const task = jest.fn();

      const result = watch(
        election.run(async (lock, signal) => {
          await election.resign();
          await election.run(task);
          return [lock.isHeld, signal.aborted];
        }),
      );
      await fleet.clock.advance(100);

      expect(result.value).toEqual([true, true]);
      expect(task).not.toHaveBeenCalled();
      expect(await fleet.owners('jobs')).toEqual([null, null, null]);
    });

    it('waits for no task of a term that was lost', async () => {
      const fleet = new Fleet(3);
      const { service } = fleet.process();
      const election = service.election('jobs');
      await fleet.clock.advance(10);
      void election.run(() => new Promise(() => undefined));
      await service.forceRelease('jobs');
      await fleet.clock.advance(10_000);
      expect(election.isLeader).toBe(true);

      const resigned = watch(election.resign());
      await fleet.clock.advance(100);

      expect(resigned.state).toBe('resolved');
      expect(await fleet.owners('jobs')).toEqual([null, null, null]);
    });

    it('leaves nothing on the nodes', async () => {
      const fleet = new Fleet(3);
      const election = fleet.process().service.election('jobs');
      await fleet.clock.advance(10);
      void election.resign();
      await fleet.clock.advance(10);

      expect(await fleet.owners('jobs')).toEqual([null, null, null]);
    });
  });

  describe('that runs a task', () => {
    it('runs it under the lock of the term, which stays afterwards', async () => {
      const fleet = new Fleet(3);
      const { service } = fleet.process();
      const election = service.election('jobs');
      await fleet.clock.advance(10);

      const result = watch(
        election.run((lock) => [lock.isHeld, service.current('jobs') === lock, lock.resources]),
      );
      await fleet.clock.advance(0);
      expect(result.value).toEqual([true, true, ['jobs']]);
      expect(election.isLeader).toBe(true);
    });

    it('runs nothing in a process that does not lead', async () => {
      const fleet = new Fleet(3);
      fleet.process().service.election('jobs');
      await fleet.clock.advance(10);
      const election = fleet.process().service.election('jobs');
      await fleet.clock.advance(10);
      const task = jest.fn();

      expect(await election.run(task)).toBeUndefined();
      expect(task).not.toHaveBeenCalled();
    });

    it('keeps no task that has ended', async () => {
      const fleet = new Fleet(3);
      const election = fleet.process().service.election('jobs');
      await fleet.clock.advance(10);

      await election.run(() => undefined);
      await fleet.clock.advance(0);

      const { running } = Reflect.get(election, 'term') as { running: Set<unknown> };
      expect(running.size).toBe(0);
    });

    it('refuses what is no function', async () => {
      const { service } = new Fleet(3).process();

      await expect(service.election('jobs').run<string>('work' as never)).rejects.toThrow(LockOptionsError);
    });

    it('fails when the leadership was lost before it was done', async () => {
      const fleet = new Fleet(3);
      const { service } = fleet.process();
      const election = service.election('jobs');
      await fleet.clock.advance(10);
      const work = deferred<string>();
      const result = watch(election.run(() => work.promise));
      await service.forceRelease('jobs');
      await fleet.clock.advance(10_000);
      work.resolve('done');
      await fleet.clock.advance(0);

      expect(result.error).toBeInstanceOf(LockLostError);
    });

    it('leads on, where the task releases the lock or would leave it to another process', async () => {
      const fleet = new Fleet(3);
      const election = fleet.process().service.election('jobs');
      await fleet.clock.advance(10);

      const released = watch(election.run((lock) => lock.release()));
      const detached = watch(election.run((lock) => lock.detach()));
      await fleet.clock.advance(30_000);

      expect(released.value).toBe('deferred');
      expect(detached.error).toBeInstanceOf(LockOptionsError);
      expect(election.isLeader).toBe(true);
      const resigned = watch(election.resign());
      await fleet.clock.advance(10);
      expect(resigned.state).toBe('resolved');
      expect(await fleet.owners('jobs')).toEqual([null, null, null]);
    });

    it('enters again at once what asks for the same name inside', async () => {
      const fleet = new Fleet(3);
      const { service } = fleet.process();
      const election = service.election('jobs');
      await fleet.clock.advance(10);

      const result = watch(election.run(() => service.withLock('jobs', () => 'inside')));
      await fleet.clock.advance(10);
      expect(result.value).toBe('inside');
      expect(election.isLeader).toBe(true);
    });
  });

  describe('whose service is closed', () => {
    it('ends, and is not waited for', async () => {
      const fleet = new Fleet(3);
      const { service } = fleet.process();
      const election = service.election('jobs');
      const changes = heard(election);
      await fleet.clock.advance(10);
      const closed = watch(service.close());
      await fleet.clock.advance(10);

      expect(closed.state).toBe('resolved');
      expect(changes).toEqual([false, true, false]);
      expect(await fleet.owners('jobs')).toEqual([null, null, null]);
      expect(fleet.clock.pendingTimers).toBe(0);
    });

    it('waits for its tasks as for every holder, and no longer', async () => {
      const fleet = new Fleet(3);
      const { service } = fleet.process({ shutdownTimeoutMs: 1_000 });
      const election = service.election('jobs');
      await fleet.clock.advance(10);
      void election.run(() => new Promise(() => undefined));
      const closed = watch(service.close());
      await fleet.clock.advance(900);
      expect(closed.state).toBe('pending');

      await fleet.clock.advance(300);
      expect(closed.state).toBe('resolved');
    });

    it('is closed when its tasks have ended, and does not start again', async () => {
      const fleet = new Fleet(3);
      const election = fleet.process().service.election('jobs');
      await fleet.clock.advance(10);
      const work = deferred();
      void election.run(() => work.promise);
      const closed = watch(election.close());
      await fleet.clock.advance(100);
      expect(closed.state).toBe('pending');

      work.resolve();
      await fleet.clock.advance(100);
      election.start();
      await fleet.clock.advance(100);

      expect(closed.state).toBe('resolved');
      expect(await fleet.owners('jobs')).toEqual([null, null, null]);
    });

    it('begins no more', async () => {
      const fleet = new Fleet(3);
      const { service } = fleet.process();
      void service.close();
      await fleet.clock.advance(10);
      const election = service.election('jobs');
      const told = { next: jest.fn(), error: jest.fn(), complete: jest.fn() };
      election.leader$.subscribe(told);
      election.start();
      await fleet.clock.advance(100);

      expect(election.isLeader).toBe(false);
      expect(told.error).not.toHaveBeenCalled();
      expect(told.complete).toHaveBeenCalledTimes(1);
    });
  });

  it.each([
    ['a wait', { wait: 5 }, LockOptionsError],
    ['a ttl that is none', { ttl: 0 }, LockOptionsError],
    ['a ttl above maxTtl', { ttl: 120_000 }, LockOptionsError],
    ['what is no object', 7, LockOptionsError],
  ])('refuses %s', (_, options, type) => {
    const { service } = new Fleet(1).process();

    expect(() => service.election('jobs', options as never)).toThrow(type);
  });

  it('refuses a name that is no resource, and other options than it has', () => {
    const { service } = new Fleet(1).process();
    service.election('jobs', { ttl: 5_000 });

    expect(() => service.election('')).toThrow(LockKeyError);
    for (const other of [{ ttl: 6_000 }, { ttl: 5_000, fencing: true }, { ttl: 5_000, label: 'b' }])
      expect(() => service.election('jobs', other)).toThrow(/differ/);
    expect(service.election('jobs', { ttl: 5_000 })).toBe(service.election('jobs'));
    expect(service.election('jobs', {})).toBe(service.election('jobs'));
  });

  it('refuses other options than were declared for it, and any when it is taken part in without', () => {
    const { service } = new Fleet(1).process();
    service.declareElection('jobs', { ttl: 5_000 });
    expect(() => {
      service.declareElection('jobs', { ttl: 6_000 });
    }).toThrow(/differ/);

    service.election('mails');

    expect(() => service.election('mails', { ttl: 5_000 })).toThrow(/differ/);
  });

  it('has the options that were declared for it, and is not taken part in until it is asked for', async () => {
    const fleet = new Fleet(1);
    const { service } = fleet.process();
    service.declareElection('jobs');
    expect(() => {
      service.declareElection('jobs', { ttl: 1 });
    }).toThrow(LockOptionsError);
    service.declareElection('jobs', { ttl: 5_000 });
    await fleet.clock.advance(1_000);
    expect((await service.inspect('jobs')).state).toBe('free');

    const election = service.election('jobs', {});
    await fleet.clock.advance(1_000);
    expect(election.isLeader).toBe(true);
    expect((await service.inspect('jobs')).ttlMs).toBeLessThanOrEqual(5_000);
    expect(() => {
      service.declareElection('jobs', { ttl: 6_000 });
    }).toThrow(/differ/);
  });
});
