import { LockKeyError } from '../../../lib/errors/lock-key.error';
import { LockUnavailableError } from '../../../lib/errors/lock-unavailable.error';
import { inspectNodes } from '../../../lib/locking/inspection/inspect-nodes';
import { Fleet } from '../../helpers/fleet';
import { ScriptedNode } from '../../helpers/scripted-node';
import { settle, VirtualClock } from '../../helpers/virtual-clock';
import { watch } from '../../helpers/watch';

type Answer = [string, number] | { foreignType: string } | null | Error;

/** What three nodes tell: an owner and its ttl, the key of another program, null for free, or an error. */
function inspect(...answers: Answer[]) {
  const nodes = answers.map((answer, position) => {
    const node = new ScriptedNode(`node-${position}`);
    node.inspect = () => {
      if (answer instanceof Error) return Promise.reject(answer);
      if (answer === null) return Promise.resolve(null);
      return Promise.resolve(
        Array.isArray(answer)
          ? { ownerToken: answer[0], ttlMs: answer[1] }
          : { ownerToken: '', ttlMs: Infinity, ...answer },
      );
    };
    return node;
  });
  return inspectNodes({ nodes, clock: new VirtualClock(), timeoutMs: 500 }, 'order:7');
}

const DOWN = new Error('down');
const HASH = { foreignType: 'hash' };

describe('inspect', () => {
  it.each<[string, string, Answer[]]>([
    ['free', 'all are free', [null, null, null]],
    ['free', 'two of three are free', [null, ['x', 5], null]],
    ['free', 'two of three are free and one is down', [null, DOWN, null]],
    [
      'held',
      'all have the same owner',
      [
        ['x', 5],
        ['x', 5],
        ['x', 5],
      ],
    ],
    ['held', 'two of three have the same owner', [['x', 5], null, ['x', 5]]],
    ['held', 'two of three have the same owner and one is down', [['x', 5], ['x', 5], DOWN]],
    [
      'contested',
      'three have three owners',
      [
        ['x', 5],
        ['y', 5],
        ['z', 5],
      ],
    ],
    ['contested', 'one is free, two have different owners', [null, ['y', 5], ['z', 5]]],
    ['contested', 'one has an owner, one is free, one is down', [['x', 5], null, DOWN]],
    ['foreign', 'two of three have a key of another program', [HASH, { foreignType: 'list' }, ['x', 5]]],
    ['free', 'one of three has a key of another program', [HASH, null, null]],
    ['held', 'one of three has a key of another program, and two an owner', [HASH, ['x', 5], ['x', 5]]],
    ['contested', 'one of three has a key of another program, and one an owner', [HASH, ['x', 5], null]],
    ['unknown', 'one has a key of another program, and two are down', [HASH, DOWN, DOWN]],
    ['unknown', 'two of three are down', [['x', 5], DOWN, DOWN]],
    ['unknown', 'all are down', [DOWN, DOWN, DOWN]],
  ])('says %s when %s', async (state, _, answers) => {
    expect(await inspect(...answers)).toMatchObject({ state, resource: 'order:7' });
  });

  it.each<[string, () => Promise<{ usedBytes: number; limitBytes: number } | null>, object]>([
    [
      'how full a node is',
      () => Promise.resolve({ usedBytes: 3, limitBytes: 4 }),
      { memory: { usedBytes: 3, limitBytes: 4 } },
    ],
    ['the holder alone of a node without a limit', () => Promise.resolve(null), {}],
    ['the holder alone of a node that may not tell', () => Promise.reject(DOWN), {}],
    ['the holder alone of a node that is silent about its memory', () => new Promise(() => undefined), {}],
  ])('tells %s', async (_, memory, told) => {
    const clock = new VirtualClock();
    const node = Object.assign(new ScriptedNode('a'), { memory });
    node.inspect = () => Promise.resolve({ ownerToken: 'x', ttlMs: 5 });
    const inspection = watch(
      inspectNodes({ nodes: [node], clock, timeoutMs: 500 }, 'order:7', { memory: true }),
    );

    await clock.advance(500);
    await settle();

    expect(inspection.value?.nodes).toEqual([
      { node: 'a', status: 'up', guarded: undefined, refusal: undefined, ownerToken: 'x', ttlMs: 5, ...told },
    ]);
  });

  it('tells who holds it and for how long a majority keeps it', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    const lock = await manager.acquire('order:7', { ttl: 3_000 });
    await fleet.clock.advance(500);

    expect(await manager.inspect('order:7')).toEqual({
      resource: 'order:7',
      state: 'held',
      mode: 'exclusive',
      holders: [],
      waiting: 0,
      holder: { ownerToken: lock.ownerToken, host: 'test', pid: 1, serviceId: 'p1' },
      ttlMs: 2_500,
      nodes: ['a', 'b', 'c'].map((node) => ({
        node,
        status: 'up',
        ownerToken: lock.ownerToken,
        ttlMs: 2_500,
      })),
    });
  });

  it('counts on the ttl that a majority keeps, not on the longest nor on the shortest', async () => {
    expect(await inspect(['x', 100], ['x', 900], ['x', 300])).toMatchObject({ ttlMs: 300 });
  });

  it('names no holder unless a majority has it', async () => {
    expect(await inspect(['x', 5], null, DOWN)).not.toHaveProperty('holder');
  });

  it('reports the error of a node that does not answer in time', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    fleet.node(1).fault = 'deaf';

    const inspection = watch(manager.inspect('order:7'));
    await fleet.clock.advance(500);

    expect(inspection.value).toMatchObject({
      state: 'free',
      nodes: [{ node: 'a' }, { node: 'b', error: new Error('no answer within 500 ms') }, { node: 'c' }],
    });
  });

  it('reads the replies that arrived during a stall', async () => {
    const clock = new VirtualClock();
    const node = new ScriptedNode('a');
    node.inspect = () =>
      new Promise((resolve) => {
        clock.replyArrived(() => {
          resolve(null);
        });
      });
    const inspection = watch(inspectNodes({ nodes: [node], clock, timeoutMs: 500 }, 'order:7'));

    clock.stall(1_000);
    await clock.advance(0);

    expect(inspection.value).toMatchObject({ state: 'free' });
  });

  it.each([{}, { ownerToken: 7, ttlMs: 5 }, { ownerToken: 'anna', ttlMs: '5' }, 'anna', undefined, 7])(
    'reports a node that answers %j',
    async (answer) => {
      const node = new ScriptedNode('a');
      node.inspect = () => Promise.resolve(answer as never);

      const inspection = await inspectNodes(
        { nodes: [node], clock: new VirtualClock(), timeoutMs: 500 },
        'order:7',
      );

      expect(inspection).toMatchObject({ state: 'unknown', nodes: [{ error: expect.any(Error) as Error }] });
    },
  );

  it('reports a node that throws instead of rejecting, and leaves no timer behind', async () => {
    const clock = new VirtualClock();
    const node = new ScriptedNode('a');
    node.inspect = () => {
      throw new Error('broken driver');
    };

    const inspection = await inspectNodes({ nodes: [node], clock, timeoutMs: 500 }, 'order:7');
    await settle();

    expect(inspection).toMatchObject({ state: 'unknown', nodes: [{ error: new Error('broken driver') }] });
    expect(clock.pendingTimers).toBe(0);
  });

  it('refuses a resource that acquire would refuse', async () => {
    const { manager } = new Fleet(3).process();

    await expect(manager.inspect('')).rejects.toThrow(LockKeyError);
  });
});

describe('forceRelease', () => {
  it('removes the lock from every node, whoever holds it, and tells from how many', async () => {
    const fleet = new Fleet(3);
    await fleet.process().manager.acquire('order:7');
    await fleet.node(1).steal('order:7');

    expect(await fleet.process().manager.forceRelease('order:7')).toBe(2);
    expect(await fleet.owners('order:7')).toEqual([null, null, null]);
  });

  it('of a free resource removes nothing and asks no node to', async () => {
    const fleet = new Fleet(3);

    expect(await fleet.process().manager.forceRelease('order:7')).toBe(0);
    expect(fleet.node(0).sent).toEqual([]);
  });

  it('removes no lock that was put there after it looked', async () => {
    const fleet = new Fleet(1);
    const node = fleet.node(0);
    const look = node.inspect.bind(node);
    await fleet.process().manager.acquire('order:7');
    jest.spyOn(node, 'inspect').mockImplementationOnce(async (resource) => {
      const hold = await look(resource);
      await node.steal(resource);
      await fleet.process().manager.acquire(resource);
      return hold;
    });

    expect(await fleet.process().manager.forceRelease('order:7')).toBe(0);
    expect(await fleet.owners('order:7')).not.toEqual([null]);
  });

  it('wakes those who wait for it', async () => {
    const fleet = new Fleet(3);
    await fleet.process().manager.acquire('order:7', { ttl: 60_000 });
    const waiter = watch(fleet.process().manager.acquire('order:7', { wait: 60_000 }));
    await fleet.clock.advance(10);

    await fleet.process().manager.forceRelease('order:7');
    await settle();

    expect(waiter.value?.isHeld).toBe(true);
  });

  it('is unavailable when no node answers', async () => {
    const fleet = new Fleet(3);
    for (const node of fleet.nodes) node.refuse();

    await expect(fleet.process().manager.forceRelease('order:7')).rejects.toThrow(LockUnavailableError);
  });

  it.each(['refuse', 'do not answer'])(
    'is unavailable when all that have it %s to remove it',
    async (how) => {
      const fleet = new Fleet(3);
      const { manager } = fleet.process();
      await fleet.process().manager.acquire('order:7');
      await fleet.node(2).steal('order:7');
      for (const node of fleet.nodes.slice(0, 2)) {
        jest.spyOn(node, 'release').mockImplementation((_request, vote) => {
          if (how === 'refuse') vote({ kind: 'failed', error: new Error('MISCONF') });
        });
      }

      const released = watch(manager.forceRelease('order:7'));
      await fleet.clock.advance(1_000);

      expect(released.error).toBeInstanceOf(LockUnavailableError);
      expect(released.error).toMatchObject({
        message: expect.stringMatching(
          /No lock node said that "order:7" was removed: 2 of 2 failed/,
        ) as string,
        votes: [
          { node: 'a', vote: 'failed' },
          { node: 'b', vote: 'failed' },
        ],
      });
    },
  );

  it('tells from how many nodes it was removed, where others refuse', async () => {
    const fleet = new Fleet(3);
    await fleet.process().manager.acquire('order:7');
    jest.spyOn(fleet.node(0), 'release').mockImplementation((_request, vote) => {
      vote({ kind: 'failed', error: new Error('MISCONF') });
    });

    expect(await fleet.process().manager.forceRelease('order:7')).toBe(2);
  });

  it('is heard by the holder at its next extension', async () => {
    const fleet = new Fleet(3);
    const lock = await fleet.process().manager.acquire('order:7', { ttl: 3_000 });

    await fleet.process().manager.forceRelease('order:7');
    await fleet.clock.advance(1_000);

    expect(lock.signal.reason).toMatchObject({ reason: 'gone' });
  });
});
