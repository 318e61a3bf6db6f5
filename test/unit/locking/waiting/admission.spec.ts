import { Admission, type Admissible } from '../../../../lib/locking/waiting/admission';
import type { LockManager } from '../../../../lib/locking/lock-manager';
import { Fleet } from '../../../helpers/fleet';
import { settle, VirtualClock } from '../../../helpers/virtual-clock';
import { watch } from '../../../helpers/watch';

/** As many as are let in at once. */
const ROOM = 256;

function setUp() {
  const clock = new VirtualClock();
  const admission = new Admission(clock);
  const begun: number[] = [];
  const enter = (count: number, onBegin?: () => void) => {
    for (let i = 0; i < count; i++) {
      const number = entered++;
      const applicant: Admissible = {
        begin: () => {
          begun.push(number);
          onBegin?.();
        },
      };
      admission.enter(applicant);
    }
  };
  const leave = (count: number) => {
    for (let i = 0; i < count; i++) admission.leave();
  };
  let entered = 0;
  return { clock, admission, begun, enter, leave };
}

describe('Admission', () => {
  it('lets in so many at once, and one for each that leaves, in order', () => {
    const { begun, enter, leave } = setUp();

    enter(1_000);
    expect(begun).toHaveLength(ROOM);
    leave(10);

    expect(begun).toEqual(Array.from({ length: ROOM + 10 }, (_, i) => i));
  });

  it('lets nobody in before those who wait', () => {
    const { begun, enter, leave } = setUp();
    enter(ROOM + 2);

    leave(1);
    enter(1);
    leave(2);

    expect(begun.slice(-3)).toEqual([ROOM, ROOM + 1, ROOM + 2]);
  });

  it('lets nobody in before those who wait, also when room is being made', async () => {
    const { clock, begun, enter } = setUp();
    enter(ROOM);
    enter(1, () => {
      enter(1);
    });
    enter(2);

    await clock.advance(10);

    expect(begun.slice(-4)).toEqual([ROOM, ROOM + 1, ROOM + 2, ROOM + 3]);
  });

  it('sets no timer when nobody waits', () => {
    const { clock, enter, leave } = setUp();

    enter(ROOM);
    leave(ROOM);

    expect(clock.pendingTimers).toBe(0);
  });

  it('sets one timer, however often somebody waits', async () => {
    const { clock, enter, leave } = setUp();
    enter(ROOM);

    for (let i = 0; i < 10; i++) {
      enter(1);
      leave(1);
    }
    enter(1);

    expect(clock.pendingTimers).toBe(1);
    await clock.advance(10);
    leave(ROOM + 1);
    await clock.advance(10);
    expect(clock.pendingTimers).toBe(0);
  });

  it('bears very many who leave before they are in', () => {
    const { admission, begun, enter, leave } = setUp();
    enter(ROOM);

    enter(100_000, () => {
      admission.leave();
    });
    leave(1);

    expect(begun).toHaveLength(ROOM + 100_000);
  });

  it('makes room for twice as many with every look at those who do not get on', async () => {
    const { clock, begun, enter } = setUp();
    enter(5_000);

    const sizes: number[] = [];
    for (let look = 0; look < 5; look++) {
      await clock.advance(10);
      sizes.push(begun.length);
    }

    expect(sizes).toEqual([2, 4, 8, 16, 5_000 / ROOM].map((times) => times * ROOM));
    await clock.advance(10);
    expect(clock.pendingTimers).toBe(0);
  });

  it('makes no more room while half of them get on within a look', async () => {
    const { clock, begun, enter, leave } = setUp();
    enter(1_000);

    leave(ROOM / 2);
    await clock.advance(10);
    expect(begun).toHaveLength(ROOM * 1.5);
    leave(ROOM / 2 - 1);
    await clock.advance(10);

    expect(begun).toHaveLength(ROOM * 2 - 1 + ROOM);
  });

  it('takes the room back when they get on', async () => {
    const { clock, begun, enter, leave } = setUp();
    enter(4_000);
    await clock.advance(20);
    expect(begun).toHaveLength(4 * ROOM);

    leave(4 * ROOM + 1);
    await clock.advance(10);
    const before = begun.length;
    leave(2 * ROOM);
    expect(begun).toHaveLength(before);
    leave(1);

    expect(begun).toHaveLength(before + 1);
  });

  it('never has less room than at first', async () => {
    const { clock, begun, enter, leave } = setUp();
    enter(4_000);
    leave(ROOM + 1);
    await clock.advance(10);
    const before = begun.length;

    leave(1);

    expect(begun).toHaveLength(before + 1);
  });

  it('takes the room back when nobody waits any more', async () => {
    const { clock, begun, enter, leave } = setUp();
    enter(2 * ROOM);
    await clock.advance(20);
    leave(2 * ROOM);
    expect(begun).toHaveLength(2 * ROOM);

    enter(2 * ROOM);

    expect(begun).toHaveLength(3 * ROOM);
  });

  it('forgets those who were let in, and returns those who were not', () => {
    const { admission, begun, enter, leave } = setUp();
    enter(ROOM * 3);
    leave(ROOM - 1);

    const away = admission.turnAway();
    leave(ROOM);

    expect(begun).toHaveLength(ROOM * 2 - 1);
    expect(away).toHaveLength(ROOM + 1);
    expect(admission.turnAway()).toEqual([]);
  });
});

function insideOf(manager: LockManager): number {
  return (manager as unknown as { acquisitionSetup: { admission: { inside: number } } }).acquisitionSetup
    .admission.inside;
}

describe('very many callers', () => {
  /** Nodes that take a while. */
  function slowFleet(latencyMs: number) {
    const fleet = new Fleet(3);
    for (const node of fleet.nodes) node.latencyMs = latencyMs;
    return fleet;
  }

  it('all get their locks, a part of them after the other', async () => {
    const fleet = slowFleet(2);
    const { manager } = fleet.process();
    const all = Array.from({ length: 1_000 }, (_, i) => watch(manager.acquire(`order:${i}`)));

    await fleet.clock.advance(1);
    expect(fleet.node(0).count('acquire')).toBe(ROOM);
    await fleet.clock.advance(20);

    expect(all.every(({ value }) => value?.isHeld)).toBe(true);
    expect(fleet.node(0).count('acquire')).toBe(1_000);
  });

  it('are let in soon where the nodes are far away', async () => {
    const fleet = slowFleet(200);
    const { manager } = fleet.process();
    const all = Array.from({ length: 5_000 }, (_, i) => watch(manager.acquire(`order:${i}`)));

    await fleet.clock.advance(50);
    expect(fleet.node(0).count('acquire')).toBe(5_000);
    await fleet.clock.advance(200);

    expect(all.every(({ value }) => value?.isHeld)).toBe(true);
  });

  it('who wait for others, in their process or not, keep nobody out', async () => {
    const fleet = slowFleet(2);
    const { manager } = fleet.process();
    const others = fleet.process();
    const lock = others.manager.acquire('taken', { ttl: 60_000 });
    await fleet.clock.advance(5);
    await lock;
    const waiters = Array.from({ length: 300 }, (_, i) =>
      watch(manager.acquire(i % 2 === 0 ? 'taken' : ['taken', `${i}`], { wait: 50_000 })),
    );
    await fleet.clock.advance(5);

    const one = watch(manager.acquire('free'));
    await fleet.clock.advance(3);

    expect(one.value?.isHeld).toBe(true);
    expect(waiters.every(({ state }) => state === 'pending')).toBe(true);
  });

  it('of one resource are served in the order of calling, with and without a signal', async () => {
    const fleet = slowFleet(2);
    const { manager } = fleet.process();
    const crowd = Array.from({ length: ROOM }, (_, i) => watch(manager.acquire(`order:${i}`)));
    const served: number[] = [];
    for (let i = 0; i < 6; i++) {
      const options = i % 2 === 0 ? { signal: new AbortController().signal } : {};
      void manager.acquire('order:7a', options).then((lock) => {
        served.push(i);
        return lock.release();
      });
    }

    await fleet.clock.advance(100);

    expect(crowd.every(({ value }) => value?.isHeld)).toBe(true);
    expect(served).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('can be cancelled before they are let in, and ask nobody then', async () => {
    const fleet = slowFleet(2);
    const { manager } = fleet.process();
    const aborter = new AbortController();
    for (let i = 0; i < ROOM; i++) void manager.acquire(`order:${i}`);
    const one = watch(manager.acquire('late', { signal: aborter.signal }));
    const next = watch(manager.acquire('late'));

    aborter.abort(new Error('changed my mind'));
    await settle();
    expect(one.error).toEqual(new Error('changed my mind'));
    await fleet.clock.advance(10);

    expect(next.value?.isHeld).toBe(true);
    expect(fleet.node(0).count('acquire')).toBe(ROOM + 1);
    expect(insideOf(manager)).toBe(0);
  });

  it('are refused before they are let in when the service closes, and told of like all others', async () => {
    const fleet = slowFleet(2);
    const { manager, service, events } = fleet.process();
    for (let i = 0; i < ROOM; i++) watch(manager.acquire(`order:${i}`));
    const plain = watch(manager.acquire('late'));
    const withSignal = watch(manager.acquire('late', { signal: new AbortController().signal }));

    const closed = service.close();
    await fleet.clock.advance(20_000);
    await closed;

    for (const { error } of [plain, withSignal]) expect(error).toMatchObject({ code: 'LOCK_UNAVAILABLE' });
    expect(events.filter(({ type }) => type === 'unavailable')).toHaveLength(ROOM + 2);
    expect(fleet.node(0).sent.some(({ request }) => request.resources.includes('late'))).toBe(false);
  });

  it('count their waiting from the call', async () => {
    const fleet = slowFleet(30);
    const { manager, events } = fleet.process();
    for (let i = 0; i < ROOM; i++) void manager.acquire(`order:${i}`);
    void manager.acquire('late');

    await fleet.clock.advance(200);

    const acquired = events.find((event) => event.type === 'acquired' && event.resources.includes('late'));
    expect(acquired).toMatchObject({ waitedMs: 40 });
  });

  it.each(['redlock.newLease', 'redlock.judge.conclude', 'acquisitionSetup.line.join', 'won'])(
    'are out again when %s throws',
    async (where) => {
      const fleet = slowFleet(2);
      const { manager } = fleet.process();
      const [method = '', ...path] = where.split('.').reverse();
      const owner = path.reduceRight<unknown>((at, part) => (at as Record<string, unknown>)[part], manager);
      jest.spyOn(owner as Record<string, () => never>, method).mockImplementation(() => {
        throw new Error('broken');
      });

      const one = watch(manager.acquire('order:7'));
      await fleet.clock.advance(10);

      expect(one.error).toEqual(new Error('broken'));
      expect(insideOf(manager)).toBe(0);
    },
  );

  it('bear nodes that refuse at once', async () => {
    const fleet = slowFleet(2);
    const { manager } = fleet.process();
    const all = Array.from({ length: 20_000 }, (_, i) => watch(manager.acquire(`order:${i}`, { wait: 0 })));
    await settle();

    for (const node of fleet.nodes) node.refuse();
    await fleet.clock.advance(2_000);

    expect(all.every(({ state }) => state === 'rejected')).toBe(true);
    expect(fleet.clock.pendingTimers).toBe(0);
  });
});
