import type { LockOptions } from '../../../lib/locking/api/lock-options';
import type { AcquireRequest } from '../../../lib/ports/lock-node.interface';
import { Fleet } from '../../helpers/fleet';
import { watch } from '../../helpers/watch';

const PERMIT: LockOptions & { limit: number } = { limit: 1, wait: 60_000 };
const FAIR: LockOptions = { fair: true, wait: 60_000 };

/** The acquire requests to the first node since `from`. */
function asked(fleet: Fleet, from: number): AcquireRequest[] {
  return fleet
    .node(0)
    .sent.slice(from)
    .flatMap(({ verb, request }) => (verb === 'acquire' ? [request as AcquireRequest] : []));
}

/** A process that was denied the resource, got it when it was released, and has released it. */
async function denied(fleet: Fleet, options: LockOptions) {
  const holder = await fleet.process().manager.acquire('api', options);
  const { manager } = fleet.process();
  const waiting = watch(manager.acquire('api', options));
  await fleet.clock.advance(50);
  await holder.release();
  await fleet.clock.advance(50);
  await waiting.value?.release();
  await fleet.clock.advance(200);
  return manager;
}

describe.each([
  ['a permit', PERMIT],
  ['a fair lock', FAIR],
])('who wants %s that was denied of late', (_, options) => {
  it('is in the lines with its first attempt', async () => {
    const fleet = new Fleet(3);
    const manager = await denied(fleet, options);
    const holder = await fleet.process().manager.acquire('api', options);
    const before = fleet.node(0).sent.length;

    const waiting = watch(manager.acquire('api', options));
    await fleet.clock.advance(5);

    expect(asked(fleet, before)[0]?.line?.ticket).toBeDefined();
    await holder.release();
    await fleet.clock.advance(20);
    expect(waiting.value?.isHeld).toBe(true);
  });

  it('asks no second time when it was denied, since the nodes are going to call it', async () => {
    const fleet = new Fleet(3);
    const manager = await denied(fleet, options);
    await fleet.process().manager.acquire('api', options);
    // There is one before it, so that it need not listen to a holder.
    watch(fleet.process().manager.acquire('api', options));
    await fleet.clock.advance(100);
    const before = fleet.node(0).sent.length;

    watch(manager.acquire('api', options));
    await fleet.clock.advance(100);

    expect(asked(fleet, before).map(({ line }) => typeof line?.ticket)).toEqual(['number']);
  });

  it('has not waited for anybody if it gets it with its first attempt', async () => {
    const fleet = new Fleet(3);
    const { service, events } = fleet.process();
    const holder = await fleet.process().manager.acquire('api', options);
    const before = watch(service.acquire('api', { ...options, wait: 20 }));
    await fleet.clock.advance(50);
    expect(before.state).toBe('rejected');
    await holder.release();
    await fleet.clock.advance(100);

    await service.acquire('api', options);

    const [acquired] = events.filter(({ type }) => type === 'acquired');
    expect(acquired).not.toHaveProperty('contended', true);
  });

  it('asks for no ticket if it does not wait', async () => {
    const fleet = new Fleet(3);
    const manager = await denied(fleet, options);
    await fleet.process().manager.acquire('api', options);
    const before = fleet.node(0).sent.length;

    await expect(manager.acquire('api', { ...options, wait: 0 })).rejects.toThrow();

    expect(asked(fleet, before).map(({ line }) => line?.ticket)).toEqual([undefined]);
  });

  it('hears that it is its turn before it has heard that it was denied', async () => {
    const fleet = new Fleet(3);
    const manager = await denied(fleet, options);
    const holder = await fleet.process().manager.acquire('api', options);
    // There is one before it, so that it need not listen to a holder.
    const before = watch(fleet.process().manager.acquire('api', options));
    await fleet.clock.advance(100);
    for (const node of fleet.nodes) node.latencyMs = 40;

    const waiting = watch(manager.acquire('api', options));
    // The request is there, and its answer is not.
    await fleet.clock.advance(21);
    for (const node of fleet.nodes) node.latencyMs = 0;
    void holder.release();
    await fleet.clock.advance(5);
    void before.value?.release();
    await fleet.clock.advance(60);

    expect(before.state).toBe('resolved');
    expect(waiting.value?.isHeld).toBe(true);
  });
});

describe('who stands in line behind others for a fair lock', () => {
  it('is called when it is its turn, and hears of no other release', async () => {
    const fleet = new Fleet(3);
    const names: (string | undefined)[] = [];
    for (const node of fleet.nodes) {
      const listen = node.onReleased.bind(node);
      jest.spyOn(node, 'onReleased').mockImplementation((resource, wake, inLineAs) => {
        names.push(inLineAs);
        return listen(resource, wake, inLineAs);
      });
    }
    const holder = await fleet.process().manager.acquire('api', FAIR);
    const first = watch(fleet.process().manager.acquire('api', FAIR));
    await fleet.clock.advance(50);
    const second = watch(fleet.process().manager.acquire('api', FAIR));
    await fleet.clock.advance(50);
    const ofSecond = names.splice(0).slice(-3);

    await holder.release();
    await fleet.clock.advance(20);
    expect([first.state, second.state]).toEqual(['resolved', 'pending']);
    await first.value?.release();
    await fleet.clock.advance(20);

    expect(ofSecond.map((name) => typeof name)).toEqual(['string', 'string', 'string']);
    expect(second.value?.isHeld).toBe(true);
  });

  it.each([
    ['hears of no other release any more when it had left some of them to others first', true, 'in turn'],
    ['goes on to hear of each release as long as nodes cannot call it', false, 'of each'],
  ])('%s', async (_what, isHeardInTurn, then) => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    const holder = await manager.acquire('api', FAIR);
    for (let i = 0; i < 3; i++) {
      watch(fleet.process().manager.acquire('api', FAIR));
      await fleet.clock.advance(50);
    }
    const listening = new Set<string>();
    for (const [at, node] of fleet.nodes.entries()) {
      const listen = node.onReleased.bind(node);
      jest.spyOn(node, 'onReleased').mockImplementation((resource, wake, inLineAs) => {
        const subscription = listen(resource, wake, inLineAs);
        const entry = `${at} ${inLineAs === undefined ? 'of each' : 'in turn'}`;
        listening.add(entry);
        return {
          ...subscription,
          isHeard: inLineAs === undefined || isHeardInTurn,
          stop: () => {
            listening.delete(entry);
            subscription.stop();
          },
        };
      });
    }

    void holder.release();
    watch(manager.acquire('api', FAIR));
    await fleet.clock.advance(2);
    const atFirst = [...listening];
    await fleet.clock.advance(50);

    expect(atFirst).toEqual(['0 of each', '1 of each', '2 of each']);
    expect([...listening].toSorted()).toEqual([`0 ${then}`, `1 ${then}`, `2 ${then}`]);
  });

  it('gets it at once in its turn, also if it was to leave more releases to others', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    const holder = await manager.acquire('api', FAIR);
    const others = [];
    for (let i = 0; i < 2; i++) {
      others.push(watch(fleet.process().manager.acquire('api', FAIR)));
      await fleet.clock.advance(50);
    }
    // They hear of the release too, and give up before they get it.
    for (let i = 0; i < 5; i++) watch(fleet.process().manager.acquire('api', { wait: 60 }));
    await fleet.clock.advance(55);
    void holder.release();
    const again = watch(manager.acquire('api', FAIR));
    await fleet.clock.advance(100);

    for (const other of others) {
      await other.value?.release();
      await fleet.clock.advance(1);
    }

    expect(again.value?.isHeld).toBe(true);
  });

  it('gets it when a majority has called it, though the leading node has not', async () => {
    const fleet = new Fleet(3);
    const holder = await fleet.process().manager.acquire('api', FAIR);
    const first = watch(fleet.process().manager.acquire('api', FAIR));
    await fleet.clock.advance(50);
    const second = watch(fleet.process().manager.acquire('api', FAIR));
    await fleet.clock.advance(50);
    await holder.release();
    await fleet.clock.advance(20);
    fleet.node(0).messageMs = 100;

    await first.value?.release();
    await fleet.clock.advance(1);

    expect(second.value?.isHeld).toBe(true);
  });

  it('goes on after a holder that has looked at no line, where the one before it has given up', async () => {
    const fleet = new Fleet(3);
    const plain = await fleet.process().manager.acquire('api');
    const first = watch(fleet.process().manager.acquire('api', { ...FAIR, wait: 150 }));
    await fleet.clock.advance(50);
    const second = watch(fleet.process().manager.acquire('api', FAIR));
    await fleet.clock.advance(125);

    await plain.release();
    await fleet.clock.advance(20);

    expect(first.state).toBe('rejected');
    expect(second.value?.isHeld).toBe(true);
  });

  it('goes on after a holder that has looked at no line', async () => {
    const fleet = new Fleet(3);
    const plain = await fleet.process().manager.acquire('api');
    const waiters = [];
    for (let i = 0; i < 2; i++) {
      waiters.push(watch(fleet.process().manager.acquire('api', FAIR)));
      await fleet.clock.advance(50);
    }

    await plain.release();
    await fleet.clock.advance(20);
    await waiters[0]?.value?.release();
    await fleet.clock.advance(20);

    expect(waiters[1]?.value?.isHeld).toBe(true);
  });
});

describe('a writer that finds readers', () => {
  /** A writer that asks while somebody reads, and the tickets with which the nodes were asked last, after some time. */
  async function ticketsOfWriter(ms: number, { leaderMs = 0, knowsTime = true } = {}) {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    await fleet.process().manager.acquire('api', { mode: 'shared' });
    // The time of the leading node is known from this denial.
    const before = watch(
      knowsTime ? manager.acquire('api', { wait: 30 }) : Promise.reject(new Error('none')),
    );
    await fleet.clock.advance(200);
    expect(before.state).toBe('rejected');
    fleet.node(0).latencyMs = leaderMs;
    for (const node of fleet.nodes) {
      const acquire = node.acquire.bind(node);
      // The first answer of a Redis does not say what is in the way.
      jest.spyOn(node, 'acquire').mockImplementationOnce((request, vote) => {
        acquire(request, () => {
          vote({ kind: 'denied' });
        });
      });
    }
    const sentBefore = fleet.nodes.map(({ sent }) => sent.length);

    watch(manager.acquire('api', { wait: 60_000 }));
    await fleet.clock.advance(ms);

    return fleet.nodes.map(({ sent }, at) => {
      const acquires = sent.slice(sentBefore[at]).filter(({ verb }) => verb === 'acquire');
      return (acquires.at(-1)?.request as AcquireRequest | undefined)?.line?.ticket;
    });
  }

  const tickets = [0, 1, 2].map(() => expect.any(Number) as number);

  it('is in line at all nodes at once, so that no new readers pass it', async () => {
    expect(await ticketsOfWriter(1)).toEqual(tickets);
  });

  it('is in line at all nodes at once, also where the leading node answers later than the others', async () => {
    expect(await ticketsOfWriter(15, { leaderMs: 10 })).toEqual(tickets);
  });

  it('is in line at all nodes as soon as the leading node has told its time', async () => {
    // Two questions, the second one with the first place in line, and then the entry.
    expect(await ticketsOfWriter(35, { leaderMs: 10, knowsTime: false })).toEqual(tickets);
  });
});

describe('who owes turns', () => {
  it('is in line at all nodes with its first attempt after that, and not at the leading node alone', async () => {
    const fleet = new Fleet(3);
    const manager = await denied(fleet, FAIR);
    const holder = await manager.acquire('api', FAIR);
    watch(fleet.process().manager.acquire('api', FAIR));
    await fleet.clock.advance(50);
    void holder.release();
    const before = fleet.nodes.map(({ sent }) => sent.length);

    watch(manager.acquire('api', FAIR));
    await fleet.clock.advance(20);

    const ofManager = holder.ownerToken.split(':').slice(0, 3).join(':');
    const first = fleet.nodes.map(({ sent }, at) => {
      const [request] = sent
        .slice(before[at])
        .flatMap(({ verb, request }) => (verb === 'acquire' ? [request as AcquireRequest] : []))
        .filter(({ ownerToken }) => ownerToken.startsWith(ofManager));
      return request;
    });
    expect(first.map((request) => typeof request?.line?.ticket)).toEqual(['number', 'number', 'number']);
    expect(new Set(first.map((request) => request?.ownerToken)).size).toBe(1);
  });
});

describe('who owes turns and does not wait', () => {
  it('is a newcomer, and not one of those for whom what is free is kept', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    const holder = await manager.acquire('api', FAIR);
    watch(fleet.process().manager.acquire('api', FAIR));
    await fleet.clock.advance(50);
    for (const node of fleet.nodes) [node.latencyMs, node.messageMs] = [1, 20];
    const released = holder.release();
    await fleet.clock.advance(2);
    await released;

    const newcomer = watch(manager.acquire('api', { wait: 0 }));
    await fleet.clock.advance(5);

    expect(newcomer.error).toMatchObject({ code: 'LOCK_BUSY' });
  });
});

describe('a reader that was denied of late', () => {
  it('asks without a ticket, since readers that come together share a look at the line', async () => {
    const fleet = new Fleet(3);
    const { manager } = fleet.process();
    await fleet.process().manager.acquire('api');
    await expect(manager.acquire('api', { mode: 'shared', wait: 0 })).rejects.toThrow();
    const before = fleet.node(0).sent.length;

    watch(manager.acquire('api', { mode: 'shared', wait: 60_000 }));
    await fleet.clock.advance(0);

    expect(asked(fleet, before)[0]?.line).not.toHaveProperty('ticket');
  });
});
