import fc from 'fast-check';
import type { LockNode } from '../../lib/ports/lock-node.interface';
import { acquire, extend, ownerOf, release, ttlOf } from '../helpers/ask-node';
import { until } from '../helpers/until';

const GRANTED = { kind: 'granted' };
const REPLACED = { kind: 'granted', replaced: true };
const DENIED = { kind: 'denied', healed: false };
const HEALED = { kind: 'denied', healed: true };
const SHORTER_TTL_MS = 60_000;
const LONGER_TTL_MS = 240_000;

export interface ContentionTraits {
  /** Several resources are applied in one step; a cluster of several servers takes a step for each. */
  readonly isOneServer?: boolean;
}

/** What a lock node must do for a resource that many want: hand-over, wake-ups, and many requests at the same time. */
export function itKeepsTheContractOfContention(
  current: () => LockNode,
  { isOneServer = true }: ContentionTraits = {},
): void {
  describe('acquire in place of another hold', () => {
    it.each([1, 2])(
      'takes what has the token that ends, in one request (among %d requests)',
      async (company) => {
        const node = current();
        await acquire(node, 'a', { ownerToken: 'anna', ttlMs: SHORTER_TTL_MS });

        const [vote] = await Promise.all([
          acquire(node, 'a', { ownerToken: 'ben', replaces: 'anna', ttlMs: LONGER_TTL_MS }),
          ...Array.from({ length: company - 1 }, (_, i) =>
            acquire(node, `other-${i}`, { ownerToken: 'eva', ttlMs: LONGER_TTL_MS }),
          ),
        ]);

        expect(vote).toEqual(REPLACED);
        expect(await ownerOf(node, 'a')).toBe('ben');
        expect(await ttlOf(node, 'a')).toBeGreaterThan(SHORTER_TTL_MS);
      },
    );

    it.each([1, 2])(
      'takes what is free, and does not call it replaced (among %d requests)',
      async (company) => {
        const node = current();

        const votes = await Promise.all(
          Array.from({ length: company }, (_, i) =>
            acquire(node, `a-${i}`, { ownerToken: 'ben', replaces: 'anna' }),
          ),
        );

        expect(votes).toEqual(Array.from({ length: company }, () => GRANTED));
        expect(await ownerOf(node, 'a-0')).toBe('ben');
      },
    );

    it.each([1, 2])(
      'is denied by anybody else’s hold and leaves it alone (among %d requests)',
      async (company) => {
        const node = current();
        const resources = Array.from({ length: company }, (_, i) => `a-${i}`);
        await Promise.all(
          resources.map((resource) => acquire(node, resource, { ownerToken: 'eva', ttlMs: SHORTER_TTL_MS })),
        );

        const votes = await Promise.all(
          resources.map((resource) =>
            acquire(node, resource, { ownerToken: 'ben', replaces: 'anna', ttlMs: LONGER_TTL_MS }),
          ),
        );

        expect(votes.map(({ kind }) => kind)).toEqual(resources.map(() => 'denied'));
        for (const resource of resources) {
          expect(await ownerOf(node, resource)).toBe('eva');
          expect(await ttlOf(node, resource)).toBeLessThanOrEqual(SHORTER_TTL_MS);
        }
      },
    );

    it('is denied by its own token: a token is never used twice', async () => {
      const node = current();
      await acquire(node, 'a', { ownerToken: 'ben' });

      expect((await acquire(node, 'a', { ownerToken: 'ben', replaces: 'anna' })).kind).toBe('denied');
    });

    it('leaves nothing to the token that ended: it neither extends nor releases', async () => {
      const node = current();
      await acquire(node, 'a', { ownerToken: 'anna' });
      await acquire(node, 'a', { ownerToken: 'ben', replaces: 'anna', ttlMs: SHORTER_TTL_MS });

      const extended = await extend(node, 'a', { ownerToken: 'anna', ttlMs: LONGER_TTL_MS });
      const released = await release(node, 'a', { ownerToken: 'anna', wakeWaiters: true });

      expect(extended).toEqual({ kind: 'denied', healed: false });
      expect(released).toEqual({ kind: 'denied' });
      expect(await ownerOf(node, 'a')).toBe('ben');
      expect(await ttlOf(node, 'a')).toBeLessThanOrEqual(SHORTER_TTL_MS);
      expect(await release(node, 'a', { ownerToken: 'ben' })).toEqual(GRANTED);
    });

    it('takes several resources, and calls them replaced when all of them were', async () => {
      const node = current();
      await acquire(node, ['a', 'b'], { ownerToken: 'anna' });
      await acquire(node, 'c', { ownerToken: 'anna' });

      const whole = await acquire(node, ['a', 'b'], { ownerToken: 'ben', replaces: 'anna' });
      const partly = await acquire(node, ['c', 'd'], { ownerToken: 'ben', replaces: 'anna' });

      expect(whole).toEqual(REPLACED);
      expect(partly.kind).toBe('granted');
      expect(partly).not.toHaveProperty('replaced', true);
      const owners = await Promise.all(['a', 'b', 'c', 'd'].map((resource) => ownerOf(node, resource)));
      expect(owners).toEqual(['ben', 'ben', 'ben', 'ben']);
    });

    if (isOneServer) {
      it('takes none of several resources when one of them is somebody else’s', async () => {
        const node = current();
        await acquire(node, ['a', 'b'], { ownerToken: 'anna' });
        await acquire(node, 'c', { ownerToken: 'eva' });

        const vote = await acquire(node, ['a', 'b', 'c'], { ownerToken: 'ben', replaces: 'anna' });

        expect(vote.kind).toBe('denied');
        const owners = await Promise.all(['a', 'b', 'c'].map((resource) => ownerOf(node, resource)));
        expect(owners).toEqual(['anna', 'anna', 'eva']);
      });
    }
  });

  describe('extend that takes over another hold', () => {
    /** One is asked for by itself, several of a tick together: the braces keep them on one server of a cluster. */
    const resourcesOf = (company: number) => Array.from({ length: company }, (_, i) => `{a}${i}`);

    function acquireEach(resources: readonly string[], ownerToken: string, ttlMs = SHORTER_TTL_MS) {
      return Promise.all(resources.map((resource) => acquire(current(), resource, { ownerToken, ttlMs })));
    }

    function takeOverEach(resources: readonly string[], ttlMs: number) {
      return Promise.all(
        resources.map((resource) =>
          extend(current(), resource, { ownerToken: 'ben', replaces: 'anna', ttlMs }),
        ),
      );
    }

    function ownersOf(resources: readonly string[]) {
      return Promise.all(resources.map((resource) => ownerOf(current(), resource)));
    }

    async function expectLongerTtl(resources: readonly string[]): Promise<void> {
      for (const resource of resources) {
        const ttlMs = await ttlOf(current(), resource);
        expect(ttlMs).toBeGreaterThan(SHORTER_TTL_MS);
        expect(ttlMs).toBeLessThanOrEqual(LONGER_TTL_MS);
      }
    }

    async function expectShorterTtl(resources: readonly string[]): Promise<void> {
      for (const resource of resources) {
        const ttlMs = await ttlOf(current(), resource);
        expect(ttlMs).toBeGreaterThan(0);
        expect(ttlMs).toBeLessThanOrEqual(SHORTER_TTL_MS);
      }
    }

    it.each([1, 2])('makes what was another’s ours, for longer (among %d requests)', async (company) => {
      const resources = resourcesOf(company);
      await acquireEach(resources, 'anna', SHORTER_TTL_MS);

      const votes = await takeOverEach(resources, LONGER_TTL_MS);

      expect(votes).toEqual(resources.map(() => GRANTED));
      expect(await ownersOf(resources)).toEqual(resources.map(() => 'ben'));
      await expectLongerTtl(resources);
    });

    it.each([1, 2])(
      'makes what was another’s ours, for shorter too: its ttl was not ours (among %d requests)',
      async (company) => {
        const resources = resourcesOf(company);
        await acquireEach(resources, 'anna', LONGER_TTL_MS);

        const votes = await takeOverEach(resources, SHORTER_TTL_MS);

        expect(votes).toEqual(resources.map(() => GRANTED));
        expect(await ownersOf(resources)).toEqual(resources.map(() => 'ben'));
        await expectShorterTtl(resources);
      },
    );

    it.each([1, 2])(
      'may be asked for again: what is ours already lasts for longer, never for shorter (among %d requests)',
      async (company) => {
        const resources = resourcesOf(company);
        await acquireEach(resources, 'anna');
        await takeOverEach(resources, SHORTER_TTL_MS);

        const longer = await takeOverEach(resources, LONGER_TTL_MS);
        const shorter = await takeOverEach(resources, SHORTER_TTL_MS);

        expect([...longer, ...shorter]).toEqual([...resources, ...resources].map(() => GRANTED));
        expect(await ownersOf(resources)).toEqual(resources.map(() => 'ben'));
        await expectLongerTtl(resources);
      },
    );

    it.each([1, 2])(
      'puts back what was lost, but counts it only from the next time on (among %d requests)',
      async (company) => {
        const resources = resourcesOf(company);

        const first = await takeOverEach(resources, LONGER_TTL_MS);
        const second = await takeOverEach(resources, LONGER_TTL_MS);

        expect(first).toEqual(resources.map(() => HEALED));
        expect(second).toEqual(resources.map(() => GRANTED));
        expect(await ownersOf(resources)).toEqual(resources.map(() => 'ben'));
        await expectLongerTtl(resources);
      },
    );

    it.each([1, 2])(
      'is denied, and changes nothing, for what is anybody else’s (among %d requests)',
      async (company) => {
        const resources = resourcesOf(company);
        await acquireEach(resources, 'eva', SHORTER_TTL_MS);

        const votes = await takeOverEach(resources, LONGER_TTL_MS);

        expect(votes).toEqual(resources.map(() => DENIED));
        expect(await ownersOf(resources)).toEqual(resources.map(() => 'eva'));
        await expectShorterTtl(resources);
      },
    );

    it.each([1, 2])(
      'leaves nothing to the token that it replaced: it neither extends nor releases (among %d requests)',
      async (company) => {
        const node = current();
        const resources = resourcesOf(company);
        await acquireEach(resources, 'anna');
        await takeOverEach(resources, SHORTER_TTL_MS);

        const late = await Promise.all(
          resources.flatMap((resource) => [
            extend(node, resource, { ownerToken: 'anna', ttlMs: LONGER_TTL_MS }),
            release(node, resource, { ownerToken: 'anna', wakeWaiters: true }),
          ]),
        );
        const owners = await ownersOf(resources);

        expect(late.map(({ kind }) => kind)).toEqual(late.map(() => 'denied'));
        expect(owners).toEqual(resources.map(() => 'ben'));
        await expectShorterTtl(resources);
        for (const resource of resources)
          expect(await release(node, resource, { ownerToken: 'ben' })).toEqual(GRANTED);
      },
    );

    it('takes several resources in one request, each with the new ttl, and what is ours never for shorter', async () => {
      const node = current();
      await acquire(node, 'a', { ownerToken: 'anna', ttlMs: SHORTER_TTL_MS });
      await acquire(node, 'b', { ownerToken: 'ben', ttlMs: LONGER_TTL_MS });
      await acquire(node, 'c', { ownerToken: 'anna', ttlMs: LONGER_TTL_MS });
      const ttlMs = (SHORTER_TTL_MS + LONGER_TTL_MS) / 2;

      const vote = await extend(node, ['a', 'b', 'c'], { ownerToken: 'ben', replaces: 'anna', ttlMs });

      expect(vote).toEqual(GRANTED);
      expect(await ownersOf(['a', 'b', 'c'])).toEqual(['ben', 'ben', 'ben']);
      await expectLongerTtl(['a', 'b', 'c']);
      expect(await ttlOf(node, 'b')).toBeGreaterThan(ttlMs);
      expect(await ttlOf(node, 'c')).toBeLessThanOrEqual(ttlMs);
    });

    it('takes what is left of several resources and puts back the rest', async () => {
      const node = current();
      await acquire(node, 'a', { ownerToken: 'anna', ttlMs: SHORTER_TTL_MS });
      await acquire(node, 'b', { ownerToken: 'ben', ttlMs: SHORTER_TTL_MS });
      const request = { ownerToken: 'ben', replaces: 'anna', ttlMs: LONGER_TTL_MS };

      const first = await extend(node, ['a', 'b', 'c'], request);
      const second = await extend(node, ['a', 'b', 'c'], request);

      expect([first, second]).toEqual([HEALED, GRANTED]);
      expect(await ownersOf(['a', 'b', 'c'])).toEqual(['ben', 'ben', 'ben']);
      await expectLongerTtl(['a', 'b', 'c']);
    });

    if (isOneServer) {
      it('changes none of several resources when one of them is somebody else’s', async () => {
        const node = current();
        await acquire(node, 'a', { ownerToken: 'anna', ttlMs: SHORTER_TTL_MS });
        await acquire(node, 'b', { ownerToken: 'ben', ttlMs: SHORTER_TTL_MS });
        await acquire(node, 'd', { ownerToken: 'eva', ttlMs: SHORTER_TTL_MS });
        const request = { ownerToken: 'ben', replaces: 'anna', ttlMs: LONGER_TTL_MS };

        const vote = await extend(node, ['a', 'b', 'c', 'd'], request);

        expect(vote).toEqual(DENIED);
        expect(await ownersOf(['a', 'b', 'c', 'd'])).toEqual(['anna', 'ben', undefined, 'eva']);
        await expectShorterTtl(['a', 'b', 'd']);
      });
    }

    it('keeps its place among neighbours of every kind', async () => {
      const node = current();
      const takeOver = (resource: string, ownerToken: string, replaces: string, ttlMs = SHORTER_TTL_MS) =>
        extend(node, resource, { ownerToken, replaces, ttlMs });

      const votes = await Promise.all([
        acquire(node, 'a', { ownerToken: 'anna', ttlMs: LONGER_TTL_MS }),
        takeOver('a', 'ben', 'anna'),
        extend(node, 'a', { ownerToken: 'anna', ttlMs: LONGER_TTL_MS }),
        takeOver('a', 'ben', 'anna'),
        release(node, 'a', { ownerToken: 'anna' }),
        takeOver('a', 'eva', 'anna', LONGER_TTL_MS),
        extend(node, '{a}b', { ownerToken: 'anna' }),
        takeOver('{a}b', 'ben', 'anna'),
        extend(node, '{a}b', { ownerToken: 'ben', ttlMs: LONGER_TTL_MS }),
        release(node, '{a}b', { ownerToken: 'ben', wakeWaiters: true }),
        takeOver('{a}b', 'ida', 'ben'),
        takeOver('{a}b', 'eva', 'ida'),
        acquire(node, '{a}b', { ownerToken: 'anna' }),
      ]);

      expect(votes).toMatchObject([
        GRANTED,
        GRANTED,
        DENIED,
        GRANTED,
        { kind: 'denied' },
        DENIED,
        HEALED,
        GRANTED,
        GRANTED,
        GRANTED,
        HEALED,
        GRANTED,
        { kind: 'denied' },
      ]);
      expect(await ownersOf(['a', '{a}b'])).toEqual(['ben', 'eva']);
      await expectShorterTtl(['a', '{a}b']);
    });

    it('is one of 200 of the same moment, and each gets its own vote', async () => {
      const resources = resourcesOf(200);
      for (const [offset, ownerToken] of ['anna', 'ben', 'eva'].entries())
        await acquireEach(
          resources.filter((_, i) => i % 4 === offset),
          ownerToken,
        );

      const votes = await takeOverEach(resources, LONGER_TTL_MS);

      expect(votes).toEqual(resources.map((_, i) => [GRANTED, GRANTED, DENIED, HEALED][i % 4]));
      expect(await ownersOf(resources)).toEqual(resources.map((_, i) => (i % 4 === 2 ? 'eva' : 'ben')));
    });
  });

  describe('onReleased', () => {
    /** Listens, and has heard so. */
    async function listen(resource: string) {
      const heard: (string | undefined)[] = [];
      const subscription = current().onReleased(resource, (released) => heard.push(released));
      await until(`${resource} is listened to`, () => subscription.isHeard);
      heard.splice(0);
      return {
        heard,
        stop: () => {
          subscription.stop();
        },
      };
    }

    /** What was published before this came is heard, or is not heard any more. */
    async function untilMarked(): Promise<void> {
      const { heard, stop } = await listen('mark');
      await acquire(current(), 'mark', { ownerToken: 'mark' });
      await release(current(), 'mark', { ownerToken: 'mark', wakeWaiters: true });
      await until('the mark is heard', () => heard.length > 0);
      stop();
    }

    it.each([1, 2])('tells the owner token that was released (among %d requests)', async (company) => {
      const node = current();
      const { heard, stop } = await listen('a');
      await acquire(node, 'a', { ownerToken: 'anna' });

      await Promise.all([
        release(node, 'a', { ownerToken: 'anna', wakeWaiters: true }),
        ...Array.from({ length: company - 1 }, () => acquire(node, 'other', { ownerToken: 'eva' })),
      ]);
      await until('the release is heard', () => heard.length > 0);

      expect(heard).toEqual(['anna']);
      stop();
    });

    it('tells of each of several resources that were released together', async () => {
      const node = current();
      const a = await listen('a');
      const b = await listen('b');
      await acquire(node, ['a', 'b'], { ownerToken: 'anna' });

      await release(node, ['a', 'b'], { ownerToken: 'anna', wakeWaiters: true });
      await until('both are heard', () => a.heard.length > 0 && b.heard.length > 0);

      expect([a.heard, b.heard]).toEqual([['anna'], ['anna']]);
      a.stop();
      b.stop();
    });

    it('does not tell of a clean-up, be it one that keeps the resource, a hand-over, a release that was denied, or another resource', async () => {
      const node = current();
      const { heard, stop } = await listen('a');

      await acquire(node, 'a', { ownerToken: 'anna' });
      await release(node, 'a', { ownerToken: 'anna', wakeWaiters: false });
      await acquire(node, 'a', { ownerToken: 'ben' });
      await release(node, 'a', { ownerToken: 'eva', wakeWaiters: true });
      await acquire(node, 'a', { ownerToken: 'ida', replaces: 'ben' });
      await extend(node, 'a', { ownerToken: 'leo', replaces: 'ida' });
      await release(node, 'a', { ownerToken: 'leo', keepMs: 60_000, wakeWaiters: false });
      await acquire(node, 'b', { ownerToken: 'anna' });
      await Promise.all([
        release(node, 'b', { ownerToken: 'anna', wakeWaiters: true }),
        release(node, 'a', { ownerToken: 'anna', wakeWaiters: true }),
        release(node, 'a', { ownerToken: 'leo', wakeWaiters: false }),
      ]);
      await untilMarked();

      expect(heard).toEqual([]);
      stop();
    });

    it('tells of a release that keeps the resource for a while, since that ends before the ttl', async () => {
      const node = current();
      await acquire(node, 'a', { ownerToken: 'ida', ttlMs: 120_000 });
      const { heard, stop } = await listen('a');

      await release(node, 'a', { ownerToken: 'ida', keepMs: 60_000, wakeWaiters: true });
      await until('it was told', () => heard.length > 0);

      expect(heard).toEqual(['ida']);
      stop();
    });

    it('tells nobody who has stopped, and goes on for the others of the same resource', async () => {
      const node = current();
      const first = await listen('a');
      const second = await listen('a');
      await acquire(node, 'a', { ownerToken: 'anna' });

      first.stop();
      first.stop();
      await release(node, 'a', { ownerToken: 'anna', wakeWaiters: true });
      await until('the release is heard', () => second.heard.length > 0);

      expect([first.heard, second.heard]).toEqual([[], ['anna']]);
      second.stop();
      await acquire(node, 'a', { ownerToken: 'ben' });
      await release(node, 'a', { ownerToken: 'ben', wakeWaiters: true });
      await untilMarked();
      expect(second.heard).toEqual(['anna']);
    });

    it('can be begun again after it was stopped', async () => {
      const node = current();
      (await listen('a')).stop();
      const { heard, stop } = await listen('a');
      await acquire(node, 'a', { ownerToken: 'anna' });

      await release(node, 'a', { ownerToken: 'anna', wakeWaiters: true });
      await until('the release is heard', () => heard.length > 0);

      expect(heard).toEqual(['anna']);
      stop();
    });

    it('wakes a listener when it begins to hear only after the call', async () => {
      const heard: (string | undefined)[] = [];

      const subscription = current().onReleased('a', (released) => heard.push(released));
      const wasHeardAtOnce = subscription.isHeard;
      await until('it is heard', () => subscription.isHeard);

      expect(heard).toEqual(wasHeardAtOnce ? [] : [undefined]);
      subscription.stop();
    });

    it('does nothing after close', async () => {
      const node = current();
      const before = node.onReleased('a', () => undefined);
      await node.close();

      before.stop();
      const after = node.onReleased('a', () => undefined);
      after.stop();

      expect(node.status).toBe('closed');
    });

    if (isOneServer) {
      it.each([1, 2])(
        'lets the release vote tell that somebody waits (among %d requests)',
        async (company) => {
          const node = current();
          const resources = Array.from({ length: company }, (_, i) => `a-${i}`);
          const { stop } = await listen('a-0');
          await Promise.all(resources.map((resource) => acquire(node, resource, { ownerToken: 'anna' })));

          const votes = await Promise.all(
            resources.map((resource) => release(node, resource, { ownerToken: 'anna', wakeWaiters: true })),
          );

          expect(votes).toEqual([{ kind: 'granted', waiting: 1 }, ...resources.slice(1).map(() => GRANTED)]);
          stop();
        },
      );
    }
  });

  describe('requests of the same moment', () => {
    const owner = fc.constantFrom('anna', 'ben', 'eva');
    const resources = fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(['a'], ['b'], ['größe:✓']) },
      {
        weight: isOneServer ? 4 : 0,
        arbitrary: fc.constantFrom(['a', 'b'], ['b', 'c'], ['c', 'a', 'größe:✓']),
      },
    );
    const ttlMs = fc.constantFrom(60_000, 120_000.5, 240_000);
    const request = fc.oneof(
      fc.record({ verb: fc.constant('acquire' as const), resources, owner, ttlMs, asksTtl: fc.boolean() }),
      fc.record({ verb: fc.constant('replace' as const), resources, owner, ttlMs, replaces: owner }),
      fc.record({ verb: fc.constant('extend' as const), resources, owner, ttlMs }),
      fc
        .record({ verb: fc.constant('takeOver' as const), resources, owner, ttlMs, replaces: owner })
        .filter(({ owner: own, replaces }) => own !== replaces),
      fc.record({ verb: fc.constant('release' as const), resources, owner, wakeWaiters: fc.boolean() }),
    );

    it('are applied in the order of asking, and each gets its own vote', async () => {
      let runs = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(request, { minLength: 2, maxLength: 100, size: 'max' }),
          async (requests) => {
            const node = current();
            const run = ++runs;
            const model = new Model();

            const votes = await Promise.all(requests.map((one) => ask(node, one, run)));

            expect(votes.map(comparable)).toEqual(requests.map((one) => model.apply(one)));
            for (const resource of ['a', 'b', 'c', 'größe:✓']) {
              const hold = await node.inspect(`${run}:${resource}`);
              const expected = model.holds.get(resource);
              expect(hold?.ownerToken).toBe(expected?.owner);
              if (hold === null || expected === undefined) continue;
              expect(hold.ttlMs).toBeLessThanOrEqual(Math.ceil(expected.ttlMs));
              expect(hold.ttlMs).toBeGreaterThan(expected.ttlMs - 50_000);
            }
          },
        ),
        { numRuns: 20, endOnFailure: true },
      );
    });

    it('on 200 resources with a ttl each get what they asked for', async () => {
      const node = current();
      const asked = Array.from({ length: 200 }, (_, i) => ({
        resource: `r${i}`,
        ttlMs: 600_000 - (i % 3) * 100_000,
      }));

      const votes = await Promise.all(
        asked.map((one, i) => acquire(node, one.resource, { ownerToken: `owner-${i}`, ttlMs: one.ttlMs })),
      );

      expect(votes).toEqual(asked.map(() => GRANTED));
      for (const [i, one] of asked.entries()) {
        expect(await ownerOf(node, one.resource)).toBe(`owner-${i}`);
        expect(Math.abs((await ttlOf(node, one.resource)) - one.ttlMs)).toBeLessThan(50_000);
      }
    });

    type Request = typeof request extends fc.Arbitrary<infer R> ? R : never;

    function ask(node: LockNode, one: Request, run: number): Promise<object> {
      const names = one.resources.map((resource) => `${run}:${resource}`);
      const ownerToken = one.owner;
      if (one.verb === 'acquire')
        return acquire(node, names, { ownerToken, ttlMs: one.ttlMs, askHolderTtl: one.asksTtl });
      if (one.verb === 'replace')
        return acquire(node, names, { ownerToken, ttlMs: one.ttlMs, replaces: one.replaces });
      if (one.verb === 'extend') return extend(node, names, { ownerToken, ttlMs: one.ttlMs });
      if (one.verb === 'takeOver')
        return extend(node, names, { ownerToken, ttlMs: one.ttlMs, replaces: one.replaces });
      return release(node, names, { ownerToken, wakeWaiters: one.wakeWaiters });
    }

    /** The vote without the optional fields that may be missing. */
    function comparable(vote: object): object {
      const { kind, healed, replaced } = vote as { kind: string; healed?: boolean; replaced?: boolean };
      return { kind, ...(healed === true && { healed }), ...(replaced === true && { replaced }) };
    }

    /** A node as it should be, one request after another. */
    class Model {
      readonly holds = new Map<string, { owner: string; ttlMs: number }>();

      apply(one: Request): object {
        const owners = one.resources.map((resource) => this.holds.get(resource)?.owner);
        if (one.verb === 'release') {
          one.resources.forEach((resource, i) => {
            if (owners[i] === one.owner) this.holds.delete(resource);
          });
          return { kind: owners.every((is) => is === one.owner) ? 'granted' : 'denied' };
        }
        const isExtension = one.verb === 'extend' || one.verb === 'takeOver';
        const mayBe: (string | undefined)[] = [
          undefined,
          ...(isExtension ? [one.owner] : []),
          ...('replaces' in one ? [one.replaces] : []),
        ];
        if (!owners.every((is) => mayBe.includes(is))) return { kind: 'denied' };
        for (const resource of one.resources) {
          const hold = this.holds.get(resource);
          // An extension never shortens what is ours.
          const keptMs = isExtension && hold?.owner === one.owner ? hold.ttlMs : 0;
          this.holds.set(resource, { owner: one.owner, ttlMs: Math.max(keptMs, one.ttlMs) });
        }
        if (isExtension)
          return owners.includes(undefined) ? { kind: 'denied', healed: true } : { kind: 'granted' };
        const isReplaced = one.verb === 'replace' && !owners.includes(undefined);
        return { kind: 'granted', ...(isReplaced && { replaced: true }) };
      }
    }
  });
}
