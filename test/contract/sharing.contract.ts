import type { AcquireRequest, LockNode } from '../../lib/ports/lock-node.interface';
import { acquire, extend, leave, ownerOf, raiseFence, release, slotsOf, ttlOf } from '../helpers/ask-node';
import { until } from '../helpers/until';
import type { ContentionTraits } from './contention.contract';

const GRANTED = { kind: 'granted' };
const DENIED = { kind: 'denied' };
const FOREIGN = { kind: 'denied', healed: false };
const HEALED = { kind: 'denied', healed: true };

const SHORT_MS = 60;
const TTL_MS = 60_000;
const LONG_MS = 240_000;

const reader = (ownerToken: string, rest: Partial<AcquireRequest> = {}) => ({
  ownerToken,
  shared: ['a'],
  ttlMs: TTL_MS,
  ...rest,
});

const permit = (ownerToken: string, limit: Partial<NonNullable<AcquireRequest['limit']>> = {}) => ({
  ownerToken,
  ttlMs: TTL_MS,
  limit: { limit: 3, permits: 1, start: 0, ...limit },
});

/** What a lock node must do for readers and permits: who may stand beside whom, and that each ends by itself. */
export function itKeepsTheContractOfSharing(
  current: () => LockNode,
  { isOneServer = true }: ContentionTraits = {},
): void {
  /** `shared` names the resource of these tests. */
  const extendReader = (ownerToken: string, ttlMs = TTL_MS) =>
    extend(current(), 'a', { ownerToken, ttlMs, shared: ['a'] });
  const releaseReader = (ownerToken: string, rest: object = {}) =>
    release(current(), 'a', { ownerToken, shared: ['a'], ...rest });

  async function membersOf(resource: string): Promise<[owner: string, slot: number | undefined][]> {
    const members = (await current().inspect(resource))?.members ?? [];
    return members.map(({ ownerToken, slot }): [string, number | undefined] => [ownerToken, slot]).sort();
  }

  it('says that it knows readers, permits and the line', () => {
    expect(current().sharing).toBe(true);
  });

  describe('readers', () => {
    it('stand beside each other, and in the way of an exclusive hold until the last one goes', async () => {
      const node = current();
      const votes = [await acquire(node, 'a', reader('anna')), await acquire(node, 'a', reader('ben'))];

      expect(votes).toEqual([GRANTED, GRANTED]);
      expect(await membersOf('a')).toEqual([
        ['anna', undefined],
        ['ben', undefined],
      ]);
      expect((await acquire(node, 'a', { ownerToken: 'eva' })).kind).toBe('denied');
      expect(await releaseReader('anna')).toEqual(GRANTED);
      expect((await acquire(node, 'a', { ownerToken: 'eva' })).kind).toBe('denied');
      expect(await releaseReader('ben')).toEqual(GRANTED);
      expect(await acquire(node, 'a', { ownerToken: 'eva' })).toEqual(GRANTED);
    });

    it('are denied by an exclusive hold, which is told, and stays', async () => {
      const node = current();
      await acquire(node, 'a', { ownerToken: 'eva', ttlMs: TTL_MS });

      const vote = await acquire(node, 'a', reader('anna', { ttlMs: LONG_MS }));

      expect(vote).toMatchObject({ kind: 'denied', by: 'held', holder: 'eva' });
      const holderTtlMs = vote.kind === 'denied' ? vote.holderTtlMs : 0;
      expect(holderTtlMs).toBeGreaterThan(TTL_MS / 2);
      expect(holderTtlMs).toBeLessThanOrEqual(TTL_MS);
      expect(await ownerOf(node, 'a')).toBe('eva');
      expect(await ttlOf(node, 'a')).toBeLessThanOrEqual(TTL_MS);
    });

    it.each([
      ['a lone request', {}],
      ['one that asks who is in the way', { askHolderTtl: true }],
      ['one that replaces a hold', { replaces: 'anna' }],
      [
        'one with a fence',
        { fence: { proposal: Date.now() * 1_000, skewMicros: 60_000_000, keepMs: LONG_MS } },
      ],
      ['one of the line', { line: { id: 'one', entryMs: 1_000 } }],
    ])('are in the way of every exclusive request: %s', async (_, rest) => {
      const node = current();
      await acquire(node, 'a', reader('anna'));

      const votes = await Promise.all([
        acquire(node, 'a', { ownerToken: 'eva', ...rest }),
        acquire(node, ['a', '{a}b'], { ownerToken: 'ida', ...rest }),
      ]);

      expect(votes.map(({ kind }) => kind)).toEqual(['denied', 'denied']);
      expect(await membersOf('a')).toEqual([['anna', undefined]]);
      expect(await node.inspect('{a}b')).toBeNull();
    });

    it('tell an exclusive waiter that they are there, for how long, and what time it is', async () => {
      const node = current();
      await acquire(node, 'a', reader('anna', { ttlMs: LONG_MS }));
      await acquire(node, 'a', reader('ben'));

      const vote = await acquire(node, 'a', { ownerToken: 'eva', askHolderTtl: true });

      expect(vote).toMatchObject({ kind: 'denied', by: 'shared' });
      expect(vote).not.toHaveProperty('holder');
      const { holderTtlMs = 0, nodeMicros = 0 } = vote.kind === 'denied' ? vote : {};
      expect(holderTtlMs).toBeGreaterThan(TTL_MS);
      expect(holderTtlMs).toBeLessThanOrEqual(LONG_MS);
      expect(Math.abs(nodeMicros - Date.now() * 1_000)).toBeLessThan(60_000_000);
    });

    it('end each by itself: a short ttl of the last comer ends nobody else, and a long one keeps nobody', async () => {
      const node = current();
      await acquire(node, 'a', reader('anna'));
      await acquire(node, 'a', reader('ben', { ttlMs: SHORT_MS }));

      await until('the second has ended', async () => (await membersOf('a')).length === 1);

      expect(await membersOf('a')).toEqual([['anna', undefined]]);
      expect(await ttlOf(node, 'a')).toBeGreaterThan(TTL_MS / 2);
      await acquire(node, 'b', { ...reader('anna', { ttlMs: SHORT_MS }), shared: ['b'] });
      await until(
        'nobody has it',
        async () => (await acquire(node, 'b', { ownerToken: 'eva' })).kind === 'granted',
      );
    });

    it('keep the resource for no longer than those that are left', async () => {
      const node = current();
      await acquire(node, 'a', reader('anna', { ttlMs: LONG_MS }));
      await acquire(node, 'a', reader('ben', { ttlMs: SHORT_MS }));

      await releaseReader('anna');

      expect(await ttlOf(node, 'a')).toBeLessThanOrEqual(SHORT_MS);
      await until('it is free for a client that sets a key', async () => {
        return (await acquire(node, 'a', { ownerToken: 'eva' })).kind === 'granted';
      });
    });

    it('are extended one by one, and never shortened', async () => {
      await acquire(current(), 'a', reader('anna'));
      await acquire(current(), 'a', reader('ben'));

      const votes = [await extendReader('anna', LONG_MS), await extendReader('anna', SHORT_MS)];

      expect(votes).toEqual([GRANTED, GRANTED]);
      const members = (await current().inspect('a'))?.members ?? [];
      const ttls = Object.fromEntries(members.map(({ ownerToken, ttlMs }) => [ownerToken, ttlMs]));
      expect(ttls['anna']).toBeGreaterThan(TTL_MS);
      expect(ttls['ben']).toBeLessThanOrEqual(TTL_MS);
    });

    it('are put back where they were lost, beside others too, and count from the next time on', async () => {
      const first = await extendReader('anna');
      await acquire(current(), 'a', reader('ben'));
      await releaseReader('anna');
      const again = await extendReader('anna');

      expect([first, again, await extendReader('anna')]).toEqual([HEALED, HEALED, GRANTED]);
      expect((await membersOf('a')).map(([owner]) => owner)).toEqual(['anna', 'ben']);
    });

    it('are not put back where they are told so, nor over an exclusive hold, nor it over them', async () => {
      const node = current();
      const request = { ownerToken: 'anna', shared: ['a'], putsBack: false };

      expect(await extend(node, 'a', request)).toEqual(FOREIGN);
      await acquire(node, 'a', { ownerToken: 'eva', ttlMs: TTL_MS });
      expect(await extendReader('anna', LONG_MS)).toEqual(FOREIGN);
      expect(await ownerOf(node, 'a')).toBe('eva');
      await release(node, 'a', { ownerToken: 'eva' });
      await acquire(node, 'a', reader('ben'));
      expect(await extend(node, 'a', { ownerToken: 'eva' })).toEqual(FOREIGN);
      expect(await membersOf('a')).toEqual([['ben', undefined]]);
    });

    it('remove themselves and nobody else, whoever asks', async () => {
      const node = current();
      await acquire(node, 'a', reader('anna'));

      expect(await releaseReader('ben')).toEqual(DENIED);
      expect(await release(node, 'a', { ownerToken: 'anna' })).toEqual(DENIED);
      expect(await release(node, 'a', { ownerToken: 'anna', slots: 'all' })).toEqual(DENIED);
      expect(await membersOf('a')).toEqual([['anna', undefined]]);
      await releaseReader('anna');
      await acquire(node, 'a', { ownerToken: 'anna' });
      expect(await releaseReader('anna')).toEqual(DENIED);
      expect(await ownerOf(node, 'a')).toBe('anna');
    });

    it('may be kept for a while after their release', async () => {
      await acquire(current(), 'a', reader('anna', { ttlMs: LONG_MS }));

      expect(await releaseReader('anna', { keepMs: SHORT_MS })).toEqual(GRANTED);

      expect(await membersOf('a')).toEqual([['anna', undefined]]);
      await until('it is over', async () => (await membersOf('a')).length === 0);
    });

    it('follow an exclusive hold that they replace', async () => {
      const node = current();
      await acquire(node, 'a', { ownerToken: 'anna' });

      const vote = await acquire(node, 'a', reader('ben', { replaces: 'anna' }));

      expect(vote.kind).toBe('granted');
      expect(await membersOf('a')).toEqual([['ben', undefined]]);
    });
  });

  describe('permits', () => {
    it('are the first free slots from the one that all nodes are told', async () => {
      const node = current();

      expect(await slotsOf(acquire(node, 'a', permit('anna', { start: 2 })))).toEqual([2]);
      expect(await slotsOf(acquire(node, 'a', permit('ben', { start: 2, permits: 2 })))).toEqual([0, 1]);
      expect(await membersOf('a')).toEqual([
        ['anna', 2],
        ['ben', 0],
        ['ben', 1],
      ]);
    });

    it('are granted all or none, and counted for everybody', async () => {
      const node = current();
      await acquire(node, 'a', permit('anna', { permits: 2 }));

      const two = await acquire(node, 'a', permit('ben', { permits: 2 }));
      const one = await acquire(node, 'a', permit('eva'));

      expect(two).toMatchObject({ kind: 'denied', by: 'limit' });
      expect(await slotsOf(Promise.resolve(one))).toEqual([2]);
      expect((await acquire(node, 'a', permit('ida'))).kind).toBe('denied');
    });

    it('tell when enough of them will have ended', async () => {
      const node = current();
      await acquire(node, 'a', permit('anna', { permits: 1 }));
      await acquire(node, 'a', { ...permit('ben', { permits: 2 }), ttlMs: LONG_MS });

      const one = await acquire(node, 'a', permit('eva'));
      const two = await acquire(node, 'a', permit('eva', { permits: 2 }));

      const freeInMs = [one, two].map((vote) => (vote.kind === 'denied' ? (vote.freeInMs ?? 0) : 0));
      expect(freeInMs[0]).toBeLessThanOrEqual(TTL_MS);
      expect(freeInMs[1]).toBeGreaterThan(TTL_MS);
      expect(one).not.toHaveProperty('holderTtlMs');
    });

    it('are denied where more are in use than the asker’s limit allows, whatever slots those have', async () => {
      const node = current();
      await acquire(node, 'a', permit('anna', { limit: 9, permits: 2, start: 6 }));

      expect((await acquire(node, 'a', permit('ben', { limit: 2 }))).kind).toBe('denied');
      expect(await slotsOf(acquire(node, 'a', permit('ben', { limit: 3 })))).toEqual([0]);
    });

    it('stand beside readers, who are no permits', async () => {
      const node = current();
      for (const ownerToken of ['r1', 'r2', 'r3']) await acquire(node, 'a', reader(ownerToken));

      expect(await slotsOf(acquire(node, 'a', permit('anna', { permits: 3 })))).toEqual([0, 1, 2]);
      expect(await acquire(node, 'a', reader('r4'))).toEqual(GRANTED);
      expect((await acquire(node, 'a', permit('ben'))).kind).toBe('denied');
    });

    it('are in the way of an exclusive hold, which is in their way', async () => {
      const node = current();
      await acquire(node, 'a', permit('anna'));
      expect((await acquire(node, 'a', { ownerToken: 'eva' })).kind).toBe('denied');
      await release(node, 'a', { ownerToken: 'anna', slots: [0] });
      await acquire(node, 'a', { ownerToken: 'eva' });

      expect(await acquire(node, 'a', permit('anna'))).toMatchObject({
        kind: 'denied',
        by: 'held',
        holder: 'eva',
      });
    });

    it('are just those that the leading node chose, or none', async () => {
      const node = current();
      await acquire(node, 'a', permit('anna', { exact: [1] }));

      expect(await membersOf('a')).toEqual([['anna', 1]]);
      expect(await acquire(node, 'a', permit('ben', { permits: 2, exact: [0, 1] }))).toMatchObject(DENIED);
      expect(await membersOf('a')).toEqual([['anna', 1]]);
      expect(await slotsOf(acquire(node, 'a', permit('ben', { permits: 2, exact: [2, 0] })))).toEqual([2, 0]);
    });

    it('are exchanged for others in a second round, and gone where these are taken', async () => {
      const node = current();
      await acquire(node, 'a', permit('anna', { start: 0 }));
      await acquire(node, 'a', permit('ben', { start: 1 }));

      const exchanged = await slotsOf(acquire(node, 'a', permit('anna', { exact: [2], swap: true })));
      const denied = await acquire(node, 'a', permit('anna', { exact: [1], swap: true }));

      expect(exchanged).toEqual([2]);
      expect(denied.kind).toBe('denied');
      expect(await membersOf('a')).toEqual([['ben', 1]]);
    });

    it('may be confirmed in a second round as they are', async () => {
      const node = current();
      await acquire(node, 'a', permit('anna', { limit: 1 }));

      expect(await slotsOf(acquire(node, 'a', permit('anna', { limit: 1, exact: [0], swap: true })))).toEqual(
        [0],
      );
    });

    it('are extended whatever the limit is by now, and never shortened', async () => {
      const node = current();
      await acquire(node, 'a', permit('anna', { permits: 2 }));

      const votes = [
        await extend(node, 'a', { ownerToken: 'anna', slots: [0, 1], ttlMs: LONG_MS }),
        await extend(node, 'a', { ownerToken: 'anna', slots: [0, 1], ttlMs: SHORT_MS }),
      ];

      expect(votes).toEqual([GRANTED, GRANTED]);
      for (const { ttlMs } of (await node.inspect('a'))?.members ?? []) expect(ttlMs).toBeGreaterThan(TTL_MS);
    });

    it('are put back into a free slot only, and count from the next time on', async () => {
      const node = current();
      const request = { ownerToken: 'anna', slots: [0, 1], ttlMs: LONG_MS };
      await acquire(node, 'a', permit('ben', { exact: [1] }));

      expect(await extend(node, 'a', request)).toEqual(FOREIGN);
      expect(await membersOf('a')).toEqual([['ben', 1]]);
      await release(node, 'a', { ownerToken: 'ben', slots: [1] });
      expect(await extend(node, 'a', { ...request, putsBack: false })).toEqual(FOREIGN);
      expect(await node.inspect('a')).toBeNull();
      expect([await extend(node, 'a', request), await extend(node, 'a', request)]).toEqual([HEALED, GRANTED]);
    });

    it('are released slot by slot, or all that a token has', async () => {
      const node = current();
      await acquire(node, 'a', permit('anna', { permits: 3 }));

      expect(await release(node, 'a', { ownerToken: 'anna', slots: [1] })).toEqual(GRANTED);
      expect(await membersOf('a')).toEqual([
        ['anna', 0],
        ['anna', 2],
      ]);
      expect(await release(node, 'a', { ownerToken: 'anna', slots: [0, 1] })).toEqual(DENIED);
      expect(await membersOf('a')).toEqual([['anna', 2]]);
      await acquire(node, 'a', permit('ben', { exact: [0] }));
      expect(await release(node, 'a', { ownerToken: 'anna', slots: 'all' })).toEqual(GRANTED);
      expect(await membersOf('a')).toEqual([['ben', 0]]);
      expect(await release(node, 'a', { ownerToken: 'anna', slots: 'all' })).toEqual(DENIED);
    });

    it('are of the holder in its slot: another token gives nothing back', async () => {
      const node = current();
      await acquire(node, 'a', permit('anna'));

      expect(await release(node, 'a', { ownerToken: 'ben', slots: [0] })).toEqual(DENIED);
      expect(await release(node, 'a', { ownerToken: 'anna', shared: ['a'] })).toEqual(DENIED);
      expect(await membersOf('a')).toEqual([['anna', 0]]);
    });

    it('may be kept for a while after their release, each by itself', async () => {
      const node = current();
      await acquire(node, 'a', { ...permit('anna', { permits: 2 }), ttlMs: LONG_MS });

      await release(node, 'a', { ownerToken: 'anna', slots: [0], keepMs: SHORT_MS });

      expect((await membersOf('a')).length).toBe(2);
      await until('one is free', async () => (await membersOf('a')).length === 1);
      expect(await membersOf('a')).toEqual([['anna', 1]]);
      await release(node, 'a', { ownerToken: 'anna', slots: [1], keepMs: SHORT_MS });
      expect(await ttlOf(node, 'a')).toBeLessThanOrEqual(SHORT_MS);
    });

    it('go over to the next holder in one step', async () => {
      const node = current();
      await acquire(node, 'a', permit('anna', { permits: 2 }));
      await acquire(node, 'a', permit('eva'));

      const inPlace = await acquire(node, 'a', {
        ...permit('ben', { permits: 2, exact: [0, 1] }),
        replaces: 'anna',
      });
      const extended = await extend(node, 'a', { ownerToken: 'ida', replaces: 'ben', slots: [0, 1] });

      expect(inPlace).toEqual({ kind: 'granted', replaced: true, slots: [0, 1] });
      expect(extended).toEqual(GRANTED);
      expect(await membersOf('a')).toEqual([
        ['eva', 2],
        ['ida', 0],
        ['ida', 1],
      ]);
    });

    it('are numbered by the one counter of the resource', async () => {
      const node = current();
      const fence = { proposal: Date.now() * 1_000, skewMicros: 60_000_000, keepMs: LONG_MS };

      const votes = [
        await acquire(node, 'a', { ...permit('anna'), fence }),
        await acquire(node, 'a', { ...permit('ben'), fence }),
      ];
      const raised = await raiseFence(node, 'a', {
        ownerToken: 'ben',
        slots: [1],
        fence: fence.proposal + 50,
      });
      const foreign = await raiseFence(node, 'a', {
        ownerToken: 'ben',
        slots: [0],
        fence: fence.proposal + 99,
      });
      const third = await acquire(node, 'a', { ...permit('eva'), fence });

      expect(votes).toEqual([
        { kind: 'granted', slots: [0], fence: fence.proposal },
        { kind: 'granted', slots: [1], fence: fence.proposal + 1 },
      ]);
      expect([raised, foreign]).toEqual([GRANTED, DENIED]);
      expect(third).toEqual({ kind: 'granted', slots: [2], fence: fence.proposal + 51 });
    });

    it('are never more than the limit, however many ask at the same moment', async () => {
      const owners = Array.from({ length: 50 }, (_, owner) => `owner-${owner}`);

      const votes = await Promise.all(
        owners.map((ownerToken, start) =>
          acquire(current(), 'a', permit(ownerToken, { limit: 7, start: start % 7 })),
        ),
      );

      const slots = votes.flatMap((vote) => (vote.kind === 'granted' ? (vote.slots ?? []) : []));
      expect(slots.sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    });
  });

  describe('several resources, some of them shared', () => {
    const resources = ['{a}w', '{a}x', '{a}y'];
    const mixed = { ownerToken: 'anna', shared: ['{a}x', '{a}y'] };

    it('are taken together, each in its way', async () => {
      const node = current();
      await acquire(node, '{a}x', { ownerToken: 'ben', shared: ['{a}x'] });

      expect(await acquire(node, resources, mixed)).toEqual(GRANTED);

      expect(await ownerOf(node, '{a}w')).toBe('anna');
      expect((await membersOf('{a}x')).map(([owner]) => owner)).toEqual(['anna', 'ben']);
      expect(await extend(node, resources, { ...mixed, ttlMs: LONG_MS })).toEqual(GRANTED);
      expect(await release(node, resources, mixed)).toEqual(GRANTED);
      expect(await node.inspect('{a}w')).toBeNull();
      expect((await membersOf('{a}x')).map(([owner]) => owner)).toEqual(['ben']);
    });

    it.each(resources)('are not taken at all when %s is in the way', async (held) => {
      const node = current();
      await acquire(node, held, { ownerToken: 'eva' });

      const vote = await acquire(node, resources, mixed);

      expect(vote).toMatchObject({ kind: 'denied', by: 'held', holder: 'eva' });
      for (const resource of resources.filter((one) => one !== held))
        expect(await node.inspect(resource)).toBeNull();
      expect(await ownerOf(node, held)).toBe('eva');
    });

    it('are extended as a whole or not at all, and what was lost is put back', async () => {
      const node = current();
      await acquire(node, resources, mixed);
      await release(node, '{a}x', { ownerToken: 'anna', shared: ['{a}x'] });

      expect(await extend(node, resources, mixed)).toEqual(HEALED);
      await release(node, '{a}w', { ownerToken: 'anna' });
      await acquire(node, '{a}w', { ownerToken: 'eva', ttlMs: TTL_MS });
      expect(await extend(node, resources, { ...mixed, ttlMs: LONG_MS })).toEqual(FOREIGN);
      expect(await ttlOf(node, '{a}x')).toBeLessThanOrEqual(TTL_MS);
    });

    it('are numbered where they are exclusive', async () => {
      const node = current();
      const fence = { proposal: Date.now() * 1_000, skewMicros: 60_000_000, keepMs: LONG_MS };

      const first = await acquire(node, ['{a}w', '{b}r'], { ownerToken: 'anna', shared: ['{b}r'], fence });
      const raise = { ownerToken: 'anna', shared: ['{b}r'], fence: fence.proposal + 10 };
      const raised = await raiseFence(node, ['{a}w', '{b}r'], raise);
      await release(node, ['{a}w', '{b}r'], { ownerToken: 'anna', shared: ['{b}r'] });
      const writer = await acquire(node, '{b}r', { ownerToken: 'eva', fence });
      const again = await acquire(node, '{a}w', { ownerToken: 'eva', fence });

      expect(first).toEqual({ kind: 'granted', fence: fence.proposal });
      expect(raised).toEqual(GRANTED);
      expect(await raiseFence(node, '{b}r', { ownerToken: 'anna', shared: ['{b}r'], fence: 1 })).toEqual(
        GRANTED,
      );
      expect(writer).toEqual({ kind: 'granted', fence: fence.proposal });
      expect(again).toEqual({ kind: 'granted', fence: fence.proposal + 11 });
    });

    if (isOneServer) {
      it('may be in places of their own', async () => {
        const node = current();
        await acquire(node, 'c', { ownerToken: 'eva' });

        const vote = await acquire(node, ['a', 'b', 'c'], { ownerToken: 'anna', shared: ['a', 'c'] });

        expect(vote).toMatchObject({ kind: 'denied', by: 'held' });
        expect(await node.inspect('a')).toBeNull();
        expect(await node.inspect('b')).toBeNull();
      });
    }
  });

  it('grants either readers or a writer of many that ask at the same moment', async () => {
    const node = current();
    const votes = await Promise.all(
      Array.from({ length: 60 }, (_, i) => {
        const ownerToken = `owner-${i}`;
        return acquire(node, 'a', i % 5 === 2 ? { ownerToken } : reader(ownerToken));
      }),
    );

    const won = votes.flatMap(({ kind }, i) => (kind === 'granted' ? [i] : []));
    const writers = won.filter((i) => i % 5 === 2);
    expect(writers.length === 0 ? won.length : writers.length).toBe(writers.length === 0 ? 48 : 1);
    expect(writers.length === 1 ? won.length : 1).toBe(1);
  });

  it.each(['with space', 'größe:✓', '{tag}:a', '{}', 'a}b', '}{', 'a{b', '{}{a}'])(
    'keeps readers and the line of the resource %j apart from all others',
    async (resource) => {
      const node = current();
      const line = { id: 'me', ticket: 5, entryMs: 1_000 };
      await acquire(node, 'other', { ownerToken: 'ben' });

      expect((await acquire(node, resource, { ownerToken: 'anna', shared: [resource], line })).kind).toBe(
        'granted',
      );
      expect(await membersOf(resource)).toEqual([['anna', undefined]]);
      expect((await acquire(node, resource, { ownerToken: 'eva', line })).kind).toBe('denied');
      expect((await node.inspect(resource))?.waiting).toBe(1);
      expect(await leave(node, resource, { line })).toEqual(GRANTED);
      expect(await release(node, resource, { ownerToken: 'anna', shared: [resource] })).toEqual(GRANTED);
      expect(await ownerOf(node, 'other')).toBe('ben');
    },
  );
}
