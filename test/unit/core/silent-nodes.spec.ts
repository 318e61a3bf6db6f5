import type { NodeGuard } from '../../../lib/core/node-guard';
import type { Refusals } from '../../../lib/core/refusals';
import { SilentNodes } from '../../../lib/core/silent-nodes';
import { Fleet } from '../../helpers/fleet';
import { settle } from '../../helpers/virtual-clock';
import { watch } from '../../helpers/watch';

/** Long enough to be noticed, and a small part of the node timeout. */
const NOTICED_MS = 60;

function setUp(nodeCount = 3) {
  const fleet = new Fleet(nodeCount);
  const { manager, service } = fleet.process();
  let names = 0;
  const cycle = async () => {
    const lock = await manager.acquire(`order:${++names}`, { wait: 0, ttl: 10_000 });
    return lock.release();
  };
  /** What a node is asked by ten locks that are taken and released. */
  const askedBy = async (position: number, verb: 'acquire' | 'release') => {
    const before = fleet.node(position).count(verb);
    for (let i = 0; i < 10; i++) await cycle();
    return fleet.node(position).count(verb) - before;
  };
  const fallSilent = async (position: number, fault: 'stalled' | 'deaf' | 'mute' = 'stalled') => {
    fleet.node(position).fault = fault;
    await cycle();
    await fleet.clock.advance(NOTICED_MS);
  };
  return { fleet, clock: fleet.clock, manager, service, cycle, askedBy, fallSilent };
}

describe('a node that is silent while the others answer (R36)', () => {
  it('is asked nothing by new attempts, and nothing by the releases of what it was not asked for', async () => {
    const { askedBy, fallSilent, fleet } = setUp();
    await fallSilent(2);

    expect(await askedBy(2, 'acquire')).toBe(0);
    expect(await askedBy(2, 'release')).toBe(0);
    expect(await askedBy(0, 'acquire')).toBe(10);
    expect(fleet.node(2).count('acquire')).toBe(1);
  });

  it('is asked until then', async () => {
    const { askedBy, fleet, cycle, clock } = setUp();
    fleet.node(2).fault = 'stalled';
    await cycle();
    await clock.advance(19);

    expect(await askedBy(2, 'acquire')).toBe(10);
  });

  it('is asked again at once when it answers, and keeps nothing of what it was asked before', async () => {
    const { askedBy, fallSilent, fleet, manager } = setUp();
    const held = await manager.acquire('held', { ttl: 10_000 });
    await fallSilent(2);
    await held.release();

    fleet.node(2).recover();
    await settle();

    expect(await askedBy(2, 'acquire')).toBe(10);
    for (const name of ['held', 'order:1']) expect(await fleet.owners(name)).toEqual([null, null, null]);
  });

  it('is asked whether it is there, where what it was asked before got lost', async () => {
    const { askedBy, fallSilent, fleet, clock } = setUp();
    await fallSilent(2, 'deaf');
    fleet.node(2).fault = 'none';
    expect(await askedBy(2, 'acquire')).toBe(0);

    await clock.advance(600);

    expect(await askedBy(2, 'acquire')).toBe(10);
  });

  it('is asked all the same where too few others are there for a quorum', async () => {
    const { cycle, fallSilent, fleet } = setUp();
    await fallSilent(2);
    fleet.node(0).refuse();
    const before = fleet.node(2).count('acquire');

    const waiting = watch(cycle());
    await settle();
    expect(waiting.state).toBe('pending');
    fleet.node(2).recover();
    await settle();

    expect(fleet.node(2).count('acquire')).toBe(before + 1);
    expect(waiting.value).toBe('released');
  });

  it('is asked all the same where one of the others answers and refuses to grant', async () => {
    const { cycle, fleet, clock } = setUp();
    fleet.node(0).fault = 'full';
    await cycle();
    fleet.node(2).fault = 'stalled';
    void watch(cycle());
    await clock.advance(NOTICED_MS);

    const waiting = watch(cycle());
    await settle();
    expect(waiting.state).toBe('pending');
    fleet.node(2).recover();
    await settle();

    expect(waiting.value).toBe('released');
  });

  it('is asked all the same when another one refuses to grant from then on', async () => {
    const { cycle, fallSilent, fleet } = setUp();
    await fallSilent(2);
    fleet.node(0).fault = 'full';
    void watch(cycle());
    await settle();

    const waiting = watch(cycle());
    await settle();
    expect(waiting.state).toBe('pending');
    fleet.node(2).recover();
    await settle();

    expect(waiting.value).toBe('released');
  });

  it('is asked all the same when another one falls silent too', async () => {
    const { cycle, fallSilent, fleet, clock } = setUp();
    await fallSilent(2);
    fleet.node(1).fault = 'stalled';
    void watch(cycle());
    await clock.advance(NOTICED_MS);
    const before = fleet.node(2).count('acquire');

    const waiting = watch(cycle());
    await settle();
    expect(fleet.node(2).count('acquire')).toBe(before + 1);
    fleet.node(2).recover();
    await settle();

    expect(waiting.value).toBe('released');
  });

  it.each([1, 2])('is asked by everybody in a fleet of %d, where each node is needed', async (nodeCount) => {
    const { cycle, fleet, clock } = setUp(nodeCount);
    fleet.node(nodeCount - 1).fault = 'stalled';
    void watch(cycle());
    await clock.advance(NOTICED_MS);

    const waiting = watch(cycle());
    fleet.node(nodeCount - 1).recover();
    await settle();

    expect(waiting.value).toBe('released');
  });

  it('is not looked at for ever where too few of the others answer, and no request is under way', async () => {
    const { fleet, manager, clock } = setUp();
    for (const node of fleet.nodes.slice(0, 2)) node.fault = 'deaf';
    void watch(manager.acquire('lost', { wait: 0, ttl: 600 }));
    await clock.advance(500);
    for (const node of fleet.nodes) node.recover();
    await clock.advance(10_000);

    expect(clock.pendingTimers).toBe(0);
  });

  it('votes at once: an attempt that needs it is over, and does not wait for the node timeout', async () => {
    const { fallSilent, fleet, manager, clock } = setUp();
    await fallSilent(2);
    const request = { resources: ['taken'], ownerToken: 'somebody', ttlMs: 60_000, askHolderTtl: false };
    fleet.node(1).acquire(request, () => undefined);

    const before = fleet.node(0).count('acquire');
    const waiting = watch(manager.acquire('taken', { wait: 0 }));
    await clock.advance(100);
    expect(fleet.node(0).count('acquire') - before).toBeGreaterThan(2);
    await clock.advance(400);

    expect(waiting.error).toMatchObject({
      code: 'LOCK_BUSY',
      votes: [{ vote: 'granted' }, { vote: 'denied' }, { vote: 'failed' }],
    });
    expect((await fleet.owners('taken'))[0]).toBeNull();
  });

  it('gets a lock back that it was not asked for, from the extensions of its holder, and releases it', async () => {
    const { fallSilent, fleet, manager, clock } = setUp();
    await fallSilent(2);
    const lock = await manager.acquire('long', { ttl: 3_000, wait: 0 });
    fleet.node(2).recover();
    await settle();
    expect((await fleet.owners('long'))[2]).toBeNull();

    await clock.advance(2_500);
    expect(await fleet.owners('long')).toEqual(Array(3).fill(lock.ownerToken));
    await lock.release();

    expect(await fleet.owners('long')).toEqual([null, null, null]);
  });

  it('is not taken for silent because it is far away', async () => {
    const fleet = new Fleet(3);
    fleet.node(2).latencyMs = 80;
    const { manager } = fleet.process();
    let asked = 0;
    for (let i = 0; i < 20; i++) {
      const before = fleet.node(2).count('acquire');
      const lock = await manager.acquire(`order:${i}`, { wait: 0 });
      await lock.release();
      asked += fleet.node(2).count('acquire') - before;
      await fleet.clock.advance(200);
    }

    expect(asked).toBeGreaterThanOrEqual(19);
  });

  it('is not taken for silent because this process was blocked', async () => {
    const { cycle, fleet, clock } = setUp();
    fleet.node(2).latencyMs = 2;
    void watch(cycle());
    await clock.advance(1);
    clock.stall(5_000);
    await clock.advance(NOTICED_MS);
    const before = fleet.node(2).count('acquire');

    void watch(cycle());
    await settle();

    expect(fleet.node(2).count('acquire')).toBe(before + 1);
  });

  it('is noticed after a time in which nothing was asked, too', async () => {
    const { askedBy, fallSilent, cycle, clock } = setUp();
    await cycle();
    await clock.advance(1_000);

    await fallSilent(2);

    expect(await askedBy(2, 'acquire')).toBe(0);
  });

  it('leaves no timer when nothing is asked any more', async () => {
    const { cycle, clock } = setUp();
    await cycle();

    await clock.advance(1_000);

    expect(clock.pendingTimers).toBe(0);
  });

  it('has no timer any more when the service is closed', async () => {
    const { fallSilent, manager, clock } = setUp();
    await fallSilent(2);

    await manager.close(1_000);

    expect(clock.pendingTimers).toBe(0);
  });

  it('does not lead', async () => {
    const { fallSilent, fleet, manager, clock } = setUp();
    const other = fleet.process().manager;
    const held = await other.acquire('hot', { ttl: 10_000, wait: 0 });
    await fallSilent(0);
    const waiting = watch(manager.acquire('hot', { wait: 5_000 }));
    await clock.advance(100);
    const before = fleet.node(0).count('acquire');

    await held.release();
    await clock.advance(20);

    expect(waiting.state).toBe('resolved');
    expect(fleet.node(0).count('acquire')).toBe(before);
  });
});

/** How often it is looked whether nodes owe an answer. */
const LOOK_MS = 10;

function watchNodes(nodeCount = 3) {
  const { nodes, clock } = new Fleet(nodeCount);
  // Whether they are there, they never say by themselves.
  for (const node of nodes) node.fault = 'deaf';
  /** The positions of the nodes that are guarded after a restart. */
  const guarded = new Set<number>();
  const guard = {
    isIdle: false,
    reasonFor: (node: (typeof nodes)[number]) => (guarded.has(nodes.indexOf(node)) ? 'restarted' : undefined),
  } as unknown as NodeGuard;
  const refusals = { errorFor: () => undefined } as unknown as Refusals;
  const silence = new SilentNodes({ nodes, clock, nodeTimeoutMs: 500, guard, refusals });
  const ask = (...positions: number[]) => {
    for (const position of positions) silence.asked(position);
  };
  const answer = (...positions: number[]) => {
    for (const position of positions) silence.answered(position, { kind: 'granted' });
  };
  const goDown = (position: number) => nodes[position]?.refuse();
  const comeBack = (position: number) => {
    const node = nodes[position] as (typeof nodes)[number];
    node.recover();
    node.fault = 'deaf';
  };
  const looks = (count: number) => clock.advance(count * LOOK_MS);
  /** The node is asked, and answers after so many looks. */
  const answerLate = async (position: number, after: number) => {
    ask(position);
    await looks(after);
    answer(position);
    await looks(1);
  };
  return { nodes, clock, guarded, silence, ask, answer, goDown, comeBack, looks, answerLate };
}

describe('the silence of a node', () => {
  it('is no silence while it takes no longer than usual', async () => {
    const { silence, ask, looks, answerLate } = watchNodes();
    for (let i = 0; i < 3; i++) await answerLate(2, 6);

    ask(2);
    await looks(12);
    expect(silence.skips(2)).toBe(false);
    await looks(6);

    expect(silence.skips(2)).toBe(true);
  });

  it('is noticed soon after the node has once stood still for long', async () => {
    const { silence, ask, looks, answerLate } = watchNodes();
    await answerLate(2, 45);

    ask(2);
    await looks(25);

    expect(silence.skips(2)).toBe(true);
  });

  it('is noticed as soon as ever when the node has been quick for a while', async () => {
    const { silence, ask, looks, answerLate } = watchNodes();
    await answerLate(2, 10);
    for (let i = 0; i < 12; i++) await answerLate(2, 0);

    ask(2);
    await looks(5);

    expect(silence.skips(2)).toBe(true);
  });

  it('begins only when a majority answers, and not while one of it has been asked a moment ago', async () => {
    const { silence, ask, answer, looks } = watchNodes();
    ask(2);
    await looks(2);
    ask(0, 1);
    await looks(2);
    expect(silence.skips(2)).toBe(false);

    answer(0, 1);
    await looks(1);

    expect(silence.skips(2)).toBe(true);
  });

  it('begins only when a majority answers, of which no node is down', async () => {
    const { silence, goDown, ask, looks } = watchNodes(5);
    goDown(3);
    ask(4);
    await looks(2);
    ask(2);

    await looks(2);

    expect(silence.skips(4)).toBe(false);
  });

  it('does not count while one of the others that answer is guarded', async () => {
    const { silence, guarded, ask, looks } = watchNodes();
    ask(2);
    await looks(5);
    expect(silence.skips(2)).toBe(true);

    guarded.add(0);

    expect(silence.skips(2)).toBe(false);
  });

  it('ends when the node goes down, which it says by itself', async () => {
    const { silence, ask, goDown, comeBack, looks } = watchNodes();
    ask(2);
    await looks(5);

    goDown(2);
    expect(silence.skips(2)).toBe(false);
    await looks(1);
    comeBack(2);

    expect(silence.skips(2)).toBe(false);
  });

  it('is not that from before the node went down', async () => {
    const { silence, ask, answer, goDown, comeBack, looks } = watchNodes();
    ask(2);
    await looks(2);
    goDown(2);
    await looks(1);
    comeBack(2);
    ask(0);
    await looks(5);
    answer(0);
    expect(silence.skips(2)).toBe(false);

    ask(2);
    await looks(2);

    expect(silence.skips(2)).toBe(false);
  });

  it('is not that from before all gave up waiting', async () => {
    const { silence, ask, answer, looks } = watchNodes();
    ask(1, 2);
    await looks(60);

    ask(0, 1);
    await looks(1);
    answer(0, 1);
    await looks(1);

    expect(silence.skips(2)).toBe(false);
  });

  it('is asked about at once each time, and then once in a node timeout', async () => {
    const { nodes, ask, answer, looks } = watchNodes();
    const [, , node] = nodes as [unknown, unknown, (typeof nodes)[number]];
    const inspect = jest.spyOn(node, 'inspect');
    ask(2);
    await looks(45);
    expect(inspect).toHaveBeenCalledTimes(1);
    await looks(20);
    expect(inspect).toHaveBeenCalledTimes(2);
    answer(2);
    await looks(1);

    ask(2);
    await looks(25);

    expect(inspect).toHaveBeenCalledTimes(3);
  });

  it('is not looked for when the service is closed, whatever is asked then', () => {
    const { silence, clock, ask } = watchNodes();
    silence.stop();

    ask(0);

    expect(clock.pendingTimers).toBe(0);
  });
});
