import type {
  AcquireRequest,
  AcquireVote,
  LineEntry,
  LockNode,
  ReleaseRequest,
} from '../../lib/ports/lock-node.interface';
import { acquire, extend, leave, ownerOf, release } from '../helpers/ask-node';
import { until } from '../helpers/until';

const GRANTED = { kind: 'granted' };
const DENIED = { kind: 'denied' };
/** A grant to somebody who looks at the line. */
const GRANTED_IN_LINE = { ...GRANTED, nodeMicros: expect.any(Number) as number };

const ENTRY_MS = 60_000;
const SHORT_MS = 60;
const TURN_MS = 60_000;

/** Tickets have the size of microseconds since 1970. */
const FIRST = 1_790_000_000_000_000;

const place = (id: string, ticket?: number, rest: Partial<LineEntry> = {}): LineEntry => ({
  id,
  entryMs: ENTRY_MS,
  ...(ticket === undefined ? {} : { ticket: FIRST + ticket }),
  ...rest,
});

function aheadOf(vote: AcquireVote): number | undefined {
  return vote.kind === 'denied' ? vote.ahead : undefined;
}

/** What a lock node must do for those who wait: who has the lower ticket comes first, and nobody waits for the dead. */
export function itKeepsTheContractOfTheLine(current: () => LockNode): void {
  let owners = 0;

  /** An attempt of one who waits; each has an owner token of its own. */
  const ask = (line: LineEntry, rest: Partial<AcquireRequest> = {}) =>
    acquire(current(), 'a', { ownerToken: `owner-${++owners}`, line, ...rest });
  const asReader = (line: LineEntry) => ask(line, { shared: ['a'] });
  const forPermits = (id: string, ticket: number | undefined, permits: number, limit = 3) =>
    ask(place(id, ticket, { permits }), { limit: { limit, permits, start: 0 } });

  const waiting = async () => (await current().inspect('a'))?.waiting ?? 0;

  async function held(): Promise<() => Promise<unknown>> {
    await acquire(current(), 'a', { ownerToken: 'holder' });
    return () => release(current(), 'a', { ownerToken: 'holder' });
  }

  it('grants what is free, and tells how many wait besides', async () => {
    const letGo = await held();
    await ask(place('ben', 2));
    await ask(place('anna', 1));
    await letGo();

    expect(await ask(place('anna', 1))).toEqual({ ...GRANTED_IN_LINE, inLine: 1 });
    expect(await asReader(place('eva'))).toMatchObject(DENIED);
  });

  it('tells its time with a grant too, since the caller may get too few others, and asks for its place then', async () => {
    const votes = await Promise.all([
      acquire(current(), 'a', { ownerToken: 'writer', line: place('anna') }),
      acquire(current(), 'b', { ownerToken: 'reader', shared: ['b'], line: place('ben') }),
      acquire(current(), 'c', { ownerToken: 'other', shared: ['c'], line: place('eva') }),
    ]);

    for (const vote of votes) {
      const { nodeMicros = 0 } = vote.kind === 'granted' ? vote : {};
      expect(Math.abs(nodeMicros - Date.now() * 1_000)).toBeLessThan(60_000_000);
    }
  });

  it('tells who has no ticket yet the time of the node, and does not enter it', async () => {
    await held();

    const vote = await ask(place('anna'));

    expect(vote).toMatchObject({ kind: 'denied', by: 'held', holder: 'holder', ahead: 0 });
    const { nodeMicros = 0 } = vote.kind === 'denied' ? vote : {};
    expect(Math.abs(nodeMicros - Date.now() * 1_000)).toBeLessThan(60_000_000);
    expect(await waiting()).toBe(0);
  });

  it('lets the lower ticket go first, whoever asks first', async () => {
    const letGo = await held();
    expect(aheadOf(await ask(place('ben', 2)))).toBe(0);
    expect(aheadOf(await ask(place('anna', 1)))).toBe(0);
    expect(aheadOf(await ask(place('ben', 2)))).toBe(1);
    await letGo();

    const late = await ask(place('ben', 2));

    expect(late).toMatchObject({ kind: 'denied', by: 'line', ahead: 1 });
    const { freeInMs = 0 } = late.kind === 'denied' ? late : {};
    expect(freeInMs).toBeGreaterThan(ENTRY_MS / 2);
    expect(freeInMs).toBeLessThanOrEqual(ENTRY_MS);
    expect((await ask(place('anna', 1))).kind).toBe('granted');
  });

  it('lets the lower id go first where tickets are equal', async () => {
    const letGo = await held();
    await ask(place('b', 1));
    await ask(place('a', 1));
    await ask(place('B', 1));
    await letGo();

    expect((await ask(place('b', 1))).kind).toBe('denied');
    expect((await ask(place('a', 1))).kind).toBe('denied');
    expect((await ask(place('B', 1))).kind).toBe('granted');
  });

  it('passes nobody without a ticket, and is no line for those who do not ask', async () => {
    const letGo = await held();
    await ask(place('anna', 1));
    await letGo();

    expect(await ask(place('eva'))).toMatchObject({ kind: 'denied', by: 'line', ahead: 1 });
    expect((await acquire(current(), 'a', { ownerToken: 'newcomer' })).kind).toBe('granted');
  });

  it('lets readers go together, and not before an exclusive waiter who came first', async () => {
    const letGo = await held();
    await asReader(place('r1', 1));
    await asReader(place('r2', 2));
    await ask(place('w', 3));
    await asReader(place('r4', 4));
    await letGo();

    expect(await asReader(place('r4', 4))).toMatchObject({ kind: 'denied', by: 'line', ahead: 1 });
    expect((await asReader(place('r2', 2))).kind).toBe('granted');
    expect(await asReader(place('newcomer'))).toMatchObject({ kind: 'denied', by: 'line' });
    expect((await asReader(place('r1', 1))).kind).toBe('granted');
    expect(await ask(place('w', 3))).toMatchObject({ kind: 'denied', by: 'shared', ahead: 0 });
  });

  it('lets permits go together as long as there are enough for those who came first', async () => {
    await acquire(current(), 'a', { ownerToken: 'holder', limit: { limit: 3, permits: 3, start: 0 } });
    const votes = [
      await forPermits('three', 1, 3),
      await forPermits('one', 2, 1),
      await forPermits('two', 3, 2),
    ];

    // One release of three permits, and one of who got them then.
    expect(votes.map(aheadOf)).toEqual([0, 1, 1]);
    await release(current(), 'a', { ownerToken: 'holder', slots: [0] });
    expect(await forPermits('one', 2, 1)).toMatchObject({ kind: 'denied', by: 'line', ahead: 2 });
    expect((await forPermits('newcomer', undefined, 1)).kind).toBe('denied');
    await leave(current(), 'a', { line: { id: 'three', permits: 3 } });
    expect((await forPermits('one', 2, 1)).kind).toBe('granted');
    expect(await forPermits('two', 3, 2)).toMatchObject({ kind: 'denied', by: 'limit' });
  });

  it('tells of so many releases as bring the permits that are missing', async () => {
    const node = current();
    const holds = (permits: number) => ({ limit: 4, permits, start: 0 });
    await acquire(node, 'a', { ownerToken: 'two', limit: holds(2) });
    await acquire(node, 'a', { ownerToken: 'one', limit: holds(1) });
    await acquire(node, 'a', { ownerToken: 'another', limit: holds(1) });

    const votes = [
      await forPermits('w1', 1, 2, 4),
      await forPermits('w2', 2, 1, 4),
      await forPermits('w3', 3, 2, 4),
    ];

    expect(votes.map(aheadOf)).toEqual([0, 1, 3]);
  });

  it('does not look at the line for slots that the leading node chose', async () => {
    await acquire(current(), 'a', { ownerToken: 'holder', limit: { limit: 3, permits: 3, start: 0 } });
    await forPermits('anna', 1, 1);
    await release(current(), 'a', { ownerToken: 'holder', slots: [1] });

    const exact = { limit: 3, permits: 1, start: 0, exact: [1] };
    const vote = await ask(place('ben', 2, { permits: 1 }), { limit: exact });

    expect(vote).toEqual({ ...GRANTED_IN_LINE, slots: [1], inLine: 1 });
  });

  it('renews a place with each attempt, and forgets who does not come again', async () => {
    const letGo = await held();
    await ask(place('dead', 1, { entryMs: SHORT_MS }));
    await ask(place('alive', 2, { entryMs: SHORT_MS }));
    await ask(place('alive', 2));
    await letGo();

    await until('the dead one is forgotten', async () => (await ask(place('alive', 2))).kind === 'granted');

    expect(await waiting()).toBe(0);
  });

  it('takes who is granted out of the line, and puts it back with the grant that goes', async () => {
    const letGo = await held();
    await ask(place('ben', 2));
    await ask(place('anna', 1));
    await letGo();
    await ask(place('anna', 1), { ownerToken: 'partly' });
    expect(await waiting()).toBe(1);

    await release(current(), 'a', { ownerToken: 'partly', line: place('anna', 1) });

    expect(await ask(place('ben', 2))).toMatchObject({ kind: 'denied', by: 'line', ahead: 1 });
    expect((await ask(place('anna', 1))).kind).toBe('granted');
  });

  it('puts nobody back where nothing was removed, or without a ticket', async () => {
    await held();

    await release(current(), 'a', { ownerToken: 'partly', line: place('anna', 1) });
    expect(await waiting()).toBe(0);
    await release(current(), 'a', { ownerToken: 'holder', line: place('anna') });

    expect((await asReader(place('eva'))).kind).toBe('granted');
  });

  it('puts readers and permits back to where they waited', async () => {
    const node = current();
    await acquire(node, 'a', { ownerToken: 'r', shared: ['a'], line: place('r', 1) });
    await release(node, 'a', { ownerToken: 'r', shared: ['a'], line: place('r', 1) });
    await acquire(node, 'a', { ownerToken: 'p', limit: { limit: 1, permits: 1, start: 0 } });
    await release(node, 'a', { ownerToken: 'p', slots: 'all', line: place('p', 2, { permits: 1 }) });

    const vote = await ask(place('w', 3));

    expect(vote).toMatchObject({ kind: 'denied', by: 'line', ahead: 2 });
    expect(await leave(node, 'a', { shared: ['a'], line: { id: 'r' } })).toEqual(GRANTED);
    expect(await leave(node, 'a', { line: { id: 'p', permits: 1 } })).toEqual(GRANTED);
    expect((await ask(place('w', 3))).kind).toBe('granted');
  });

  it('lets a caller leave, once', async () => {
    const letGo = await held();
    await ask(place('anna', 1));
    await ask(place('ben', 2));

    expect(await leave(current(), 'a', { line: { id: 'anna' } })).toEqual(GRANTED);
    expect(await leave(current(), 'a', { line: { id: 'anna' } })).toEqual(DENIED);
    expect(await leave(current(), 'a', { line: { id: 'nobody' } })).toEqual(DENIED);
    await letGo();
    expect((await ask(place('ben', 2))).kind).toBe('granted');
  });

  it('stands in the lines of all resources of a request, and leaves all of them', async () => {
    const node = current();
    const resources = ['{a}x', '{a}y'];
    const line = place('anna', 1);
    const inLines = () =>
      Promise.all(
        resources.map(async (resource) => {
          const ownerToken = `probe-${resource}`;
          const vote = await acquire(node, resource, { ownerToken, line: place('probe') });
          if (vote.kind === 'granted') await release(node, resource, { ownerToken });
          return aheadOf(vote) ?? 0;
        }),
      );
    await acquire(node, '{a}y', { ownerToken: 'holder' });

    await acquire(node, resources, { ownerToken: 'o1', shared: ['{a}x'], line });
    expect(await inLines()).toEqual([1, 1]);
    expect(await leave(node, resources, { shared: ['{a}x'], line })).toEqual(GRANTED);
    expect(await inLines()).toEqual([0, 0]);
    await acquire(node, resources, { ownerToken: 'o2', shared: ['{a}x'], line });
    await release(node, '{a}y', { ownerToken: 'holder' });
    const vote = await acquire(node, resources, { ownerToken: 'o3', shared: ['{a}x'], line });

    expect(vote).toEqual({ ...GRANTED_IN_LINE, inLine: 0 });
  });

  it('is not passed by larger limits while one with a smaller limit has no room', async () => {
    const node = current();
    const asks = (id: string, ticket: number, limit: number) =>
      ask(place(id, ticket, { permits: 1, limit }), { limit: { limit, permits: 1, start: 0 } });
    const holds = { limit: 5, permits: 1, start: 0 };
    for (const ownerToken of ['h1', 'h2', 'h3']) await acquire(node, 'a', { ownerToken, limit: holds });
    const letGo = (ownerToken: string) => release(node, 'a', { ownerToken, slots: 'all' });

    expect(await asks('small', 1, 2)).toMatchObject({ kind: 'denied', by: 'limit' });
    expect(await asks('large', 2, 5)).toMatchObject({ kind: 'denied', by: 'line' });
    await letGo('h1');
    await letGo('h2');

    // There is room for both, but not for the small one beside the large one.
    expect(await asks('large', 2, 5)).toMatchObject({ kind: 'denied', by: 'line' });
    expect((await asks('small', 1, 2)).kind).toBe('granted');
    expect((await asks('large', 2, 5)).kind).toBe('granted');
  });

  it('is not looked at by extensions and releases', async () => {
    const node = current();
    await acquire(node, 'a', { ownerToken: 'r', shared: ['a'] });
    await ask(place('w', 1));

    expect(await extend(node, 'a', { ownerToken: 'r', shared: ['a'] })).toEqual(GRANTED);
    expect(await release(node, 'a', { ownerToken: 'r', shared: ['a'] })).toEqual(GRANTED);
  });

  it('is followed across 64 that wait before, and all of them go before a newcomer', async () => {
    const letGo = await held();
    for (let ticket = 1; ticket <= 70; ticket++) await ask(place(`w${ticket}`, ticket));
    await letGo();

    expect((await ask(place('w70', 70))).kind).toBe('denied');
    expect((await ask(place('newcomer'))).kind).toBe('denied');
    expect(await ask(place('w1', 1))).toEqual({ ...GRANTED_IN_LINE, inLine: 69 });
  });

  describe('the turn of those who wait', () => {
    const letGoWithTurn = (rest: object = {}) =>
      release(current(), 'a', { ownerToken: 'holder', turnMs: TURN_MS, ...rest });

    it('keeps what is released from newcomers, and from nobody who waits', async () => {
      const node = current();
      await held();
      await ask(place('anna', 1));

      expect(await letGoWithTurn()).toEqual(GRANTED);

      const newcomers = await Promise.all([
        acquire(node, 'a', { ownerToken: 'n1' }),
        acquire(node, '{b}', { ownerToken: 'company' }),
        acquire(node, 'a', { ownerToken: 'n2' }),
      ]);
      expect(newcomers.map(({ kind }) => kind)).toEqual(['denied', 'granted', 'denied']);
      expect(await node.inspect('a')).toBeNull();
      expect((await ask(place('anna', 1), { ownerToken: 'anna' })).kind).toBe('granted');
      expect(await ownerOf(node, 'a')).toBe('anna');
    });

    it.each<[string, Partial<AcquireRequest>]>([
      ['a waiter outside of the line', { askHolderTtl: true }],
      ['a reader in line', { shared: ['a'], line: place('r', 1) }],
      ['one who waits for a permit', { limit: { limit: 1, permits: 1, start: 0 }, askHolderTtl: true }],
    ])('is free for %s', async (_, request) => {
      const node = current();
      await held();
      await ask(place('r', 1), { shared: ['a'] });
      await letGoWithTurn();

      expect((await acquire(node, 'a', { ownerToken: 'next', ...request })).kind).toBe('granted');
      expect(await ownerOf(node, 'a')).toBe('next');
    });

    it('is nobody’s: a newcomer hears of no holder, and no extension takes it', async () => {
      const node = current();
      await held();
      await ask(place('anna', 1));
      await letGoWithTurn();

      const fence = { proposal: Date.now() * 1_000, skewMicros: 60_000_000, keepMs: 60_000 };
      const denied = await acquire(node, 'a', { ownerToken: 'newcomer', fence });

      expect(denied.kind).toBe('denied');
      expect(denied).not.toHaveProperty('holder');
      expect(await extend(node, 'a', { ownerToken: 'holder' })).toEqual({ kind: 'denied', healed: false });
      expect(await extend(node, 'a', { ownerToken: 'r', shared: ['a'] })).toEqual({
        kind: 'denied',
        healed: false,
      });
      expect(await release(node, 'a', { ownerToken: 'holder' })).toEqual(DENIED);
    });

    it('is not what a value looks like that somebody else writes: that is in the way of all', async () => {
      const node = current();
      await acquire(node, 'a', { ownerToken: '!' });

      for (const request of [
        { askHolderTtl: true },
        { line: place('w', 1) },
        { shared: ['a'], line: place('r', 1) },
        { limit: { limit: 1, permits: 1, start: 0 }, askHolderTtl: true },
      ])
        expect(await acquire(node, 'a', { ownerToken: 'next', ...request })).toMatchObject({
          kind: 'denied',
          holder: '!',
        });
      expect(await ownerOf(node, 'a')).toBe('!');
    });

    it('ends by itself', async () => {
      await held();
      await ask(place('anna', 1));
      await letGoWithTurn({ turnMs: SHORT_MS });

      await until('it is over', async () => {
        return (await acquire(current(), 'a', { ownerToken: 'newcomer' })).kind === 'granted';
      });
    });

    it('comes back with the place of an attempt that failed, and tells nobody', async () => {
      const node = current();
      await held();
      await ask(place('anna', 1));
      await letGoWithTurn();
      expect((await ask(place('anna', 1), { ownerToken: 'anna-1' })).kind).toBe('granted');

      await release(node, 'a', { ownerToken: 'anna-1', line: place('anna', 1), turnMs: TURN_MS });

      expect((await acquire(node, 'a', { ownerToken: 'newcomer' })).kind).toBe('denied');
      expect((await ask(place('anna', 1), { ownerToken: 'anna-2' })).kind).toBe('granted');
    });

    it('is left only where nothing else is, and somebody waits', async () => {
      const node = current();
      await held();
      await letGoWithTurn();
      expect((await acquire(node, 'a', { ownerToken: 'newcomer' })).kind).toBe('granted');
      await release(node, 'a', { ownerToken: 'newcomer' });

      await acquire(node, 'a', { ownerToken: 'r1', shared: ['a'] });
      await acquire(node, 'a', { ownerToken: 'r2', shared: ['a'] });
      await ask(place('w', 1));
      await release(node, 'a', { ownerToken: 'r1', shared: ['a'], turnMs: TURN_MS });
      expect(await ownerOf(node, 'a')).toBe('r2');
      await release(node, 'a', { ownerToken: 'r2', shared: ['a'], turnMs: TURN_MS });
      expect((await acquire(node, 'a', { ownerToken: 'newcomer' })).kind).toBe('denied');
      expect((await ask(place('w', 1))).kind).toBe('granted');
    });
  });

  describe('those who listen', () => {
    async function listen(): Promise<{ heard: string[]; stop: () => void }> {
      const heard: string[] = [];
      const subscription = current().onReleased('a', (released) => {
        if (released !== undefined) heard.push(released);
      });
      await until('it is heard', () => Promise.resolve(subscription.isHeard));
      const stop = () => {
        subscription.stop();
      };
      return { heard, stop };
    }

    const told = (heard: string[], count: number) =>
      until(`${count} were told`, () => Promise.resolve(heard.length >= count));

    it('hear of the last reader, of every permit, and of who leaves the line', async () => {
      const node = current();
      const { heard, stop } = await listen();
      await acquire(node, 'a', { ownerToken: 'r1', shared: ['a'] });
      await acquire(node, 'a', { ownerToken: 'r2', shared: ['a'] });
      await ask(place('w', 1));

      await release(node, 'a', { ownerToken: 'r1', shared: ['a'], wakeWaiters: true });
      await release(node, 'a', { ownerToken: 'r2', shared: ['a'], wakeWaiters: true });
      await leave(node, 'a', { line: { id: 'w' }, ownerToken: 'left', wakeWaiters: true });
      await leave(node, 'a', { line: { id: 'w' }, ownerToken: 'left again', wakeWaiters: true });
      await acquire(node, 'a', { ownerToken: 'p', limit: { limit: 2, permits: 2, start: 0 } });
      await release(node, 'a', { ownerToken: 'p', slots: [0], wakeWaiters: true });
      await release(node, 'a', { ownerToken: 'p', slots: [1], wakeWaiters: true });
      await acquire(node, 'a', { ownerToken: 'w', line: place('w', 1) });
      await release(node, 'a', { ownerToken: 'w', wakeWaiters: true, turnMs: TURN_MS });

      await told(heard, 5);
      expect(heard).toEqual(['r2', 'left', 'p', 'p', 'w']);
      stop();
    });

    it('are counted', async () => {
      const node = current();
      const { heard, stop } = await listen();
      await acquire(node, 'a', { ownerToken: 'r1', shared: ['a'] });

      const vote = await release(node, 'a', { ownerToken: 'r1', shared: ['a'], wakeWaiters: true });

      expect(vote.kind).toBe('granted');
      await told(heard, 1);
      stop();
    });

    it('hear nothing of a clean-up', async () => {
      const node = current();
      const { heard, stop } = await listen();
      await acquire(node, 'a', { ownerToken: 'r1', shared: ['a'] });
      await release(node, 'a', { ownerToken: 'r1', shared: ['a'], line: place('r', 1) });
      await acquire(node, 'a', { ownerToken: 'r2', shared: ['a'] });
      await release(node, 'a', { ownerToken: 'r2', shared: ['a'], wakeWaiters: true });

      await told(heard, 1);
      expect(heard).toEqual(['r2']);
      stop();
    });
  });

  // Each test has a process of its own. On a Redis Cluster, a message for the one of the test before may still come
  // late, from another server than the one that told it first.
  describe('those who wait for their turn', () => {
    async function waitAs(...ids: string[]): Promise<{ heard: string[]; stop: () => void }> {
      const heard: string[] = [];
      const subscriptions = ids.map((id) =>
        current().onReleased(
          'a',
          (released) => {
            if (released !== undefined) heard.push(`${id}: ${released}`);
          },
          id,
        ),
      );
      await until('they are heard', () => Promise.resolve(subscriptions.every(({ isHeard }) => isHeard)));
      expect(subscriptions.every(({ callsInTurn }) => callsInTurn)).toBe(true);
      return {
        heard,
        stop: () => {
          for (const subscription of subscriptions) subscription.stop();
        },
      };
    }

    /** What all of them heard until a release that is the turn of the last one alone. */
    async function heardUntil(heard: string[], last: string): Promise<string[]> {
      await until(`${last} was told`, () => Promise.resolve(heard.includes(last)));
      return heard.splice(0);
    }

    const waitFor = (id: string, ticket: number, permits: number, limit: number) =>
      ask(place(id, ticket, { permits, limit }), { limit: { limit, permits, start: 0 } });

    const give = (ownerToken: string, rest: Partial<ReleaseRequest>) =>
      release(current(), 'a', { ownerToken, wakeWaiters: true, turnMs: TURN_MS, ...rest });

    it('are told of a permit where there are enough for all before them', async () => {
      const node = current();
      const holders = ['h0', 'h1', 'h2', 'h3'];
      for (const [slot, ownerToken] of holders.entries())
        await acquire(node, 'a', { ownerToken, limit: { limit: 4, permits: 1, start: slot } });
      const { heard, stop } = await waitAs('p.1', 'p.2', 'p.3', 'p.4');
      await waitFor('p.1', 1, 1, 4);
      await waitFor('p.2', 2, 2, 4);
      await waitFor('p.3', 3, 1, 4);

      await give('h0', { slots: [0] });
      expect(await heardUntil(heard, 'p.1: h0')).toEqual(['p.1: h0']);
      await give('h1', { slots: [1] });
      expect(await heardUntil(heard, 'p.1: h1')).toEqual(['p.1: h1']);
      await give('h2', { slots: [2] });
      expect(await heardUntil(heard, 'p.2: h2')).toEqual(['p.1: h2', 'p.2: h2']);
      // Who was told before hears of nothing that is not for it, but for the first.
      await give('h3', { slots: [3] });
      expect(await heardUntil(heard, 'p.3: h3')).toEqual(['p.1: h3', 'p.3: h3']);
      stop();
    });

    it('count the limit of each, of those with the smaller one too', async () => {
      const node = current();
      for (const [slot, ownerToken] of ['h0', 'h1', 'h2'].entries())
        await acquire(node, 'a', { ownerToken, limit: { limit: 3, permits: 1, start: slot } });
      const { heard, stop } = await waitAs('q.1', 'q.2');
      await waitFor('q.1', 1, 1, 2);
      await waitFor('q.2', 2, 1, 3);

      await give('h0', { slots: [0] });
      await give('h1', { slots: [1] });

      expect(await heardUntil(heard, 'q.1: h1')).toEqual(['q.1: h1']);
      stop();
    });

    it('are told of the last reader where the next one wants it alone, and of a writer where readers go together', async () => {
      const node = current();
      await acquire(node, 'a', { ownerToken: 'r1', shared: ['a'] });
      await acquire(node, 'a', { ownerToken: 'r2', shared: ['a'] });
      const { heard, stop } = await waitAs('s.w', 's.1', 's.2', 's.x');
      await ask(place('s.w', 1));
      await asReader(place('s.1', 2));
      await asReader(place('s.2', 3));
      await ask(place('s.x', 4));

      await give('r1', { shared: ['a'] });
      await give('r2', { shared: ['a'] });
      expect(await heardUntil(heard, 's.w: r2')).toEqual(['s.w: r2']);

      expect((await acquire(node, 'a', { ownerToken: 'w', line: place('s.w', 1) })).kind).toBe('granted');
      await give('w', {});
      expect(await heardUntil(heard, 's.2: w')).toEqual(['s.1: w', 's.2: w']);
      stop();
    });

    it('are told when one before them leaves the line, and of what is kept for a while', async () => {
      const node = current();
      await acquire(node, 'a', { ownerToken: 'h', limit: { limit: 3, permits: 2, start: 0 } });
      const { heard, stop } = await waitAs('t.1', 't.2');
      await waitFor('t.1', 1, 3, 3);
      await waitFor('t.2', 2, 1, 3);

      await leave(node, 'a', {
        line: { id: 't.1', permits: 3, limit: 3 },
        ownerToken: 'left',
        wakeWaiters: true,
      });
      expect(await heardUntil(heard, 't.2: left')).toEqual(['t.2: left']);

      await acquire(node, 'a', { ownerToken: 'i', limit: { limit: 3, permits: 1, start: 2 } });
      await give('i', { slots: [2], keepMs: TURN_MS });
      expect(await heardUntil(heard, 't.2: i')).toEqual(['t.2: i']);
      stop();
    });

    it('are told behind an exclusive holder when the first leaves the line, since only the first hears of a release', async () => {
      const node = current();
      await acquire(node, 'a', { ownerToken: 'h' });
      const { heard, stop } = await waitAs('u.1', 'u.2', 'u.3');
      for (const [index, id] of ['u.1', 'u.2', 'u.3'].entries()) await ask(place(id, index + 1));

      await leave(node, 'a', { line: { id: 'u.2' }, ownerToken: 'second', wakeWaiters: true });
      await leave(node, 'a', { line: { id: 'u.1' }, ownerToken: 'first', wakeWaiters: true });

      expect(await heardUntil(heard, 'u.3: first')).toEqual(['u.3: first']);
      stop();
    });

    it('hear nothing any more when they have stopped, and nothing of a clean-up', async () => {
      const node = current();
      await acquire(node, 'a', { ownerToken: 'h', limit: { limit: 2, permits: 1, start: 0 } });
      await acquire(node, 'a', { ownerToken: 'i', limit: { limit: 2, permits: 1, start: 1 } });
      const one = await waitAs('v.1');
      const two = await waitAs('v.2');
      await waitFor('v.1', 1, 1, 2);
      await waitFor('v.2', 2, 1, 2);
      one.stop();

      await give('h', { slots: [0], wakeWaiters: false });
      await give('i', { slots: [1] });

      expect(await heardUntil(two.heard, 'v.2: i')).toEqual(['v.2: i']);
      expect(one.heard).toEqual([]);
      two.stop();
    });
  });
}
