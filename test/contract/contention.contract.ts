import fc from 'fast-check';
import type { LockNode } from '../../lib/core/lock-node.interface';
import { acquire, extend, ownerOf, release, ttlOf } from '../helpers/ask-node';
import { until } from '../helpers/until';

const GRANTED = { kind: 'granted' };
const REPLACED = { kind: 'granted', replaced: true };
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
      await release(node, 'a', { ownerToken: 'ida', keepMs: 60_000, wakeWaiters: false });
      await acquire(node, 'b', { ownerToken: 'anna' });
      await Promise.all([
        release(node, 'b', { ownerToken: 'anna', wakeWaiters: true }),
        release(node, 'a', { ownerToken: 'anna', wakeWaiters: true }),
        release(node, 'a', { ownerToken: 'ida', wakeWaiters: false }),
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
      { weight: isOneServer ? 1 : 0, arbitrary: fc.constantFrom(['a', 'b'], ['b', 'c']) },
    );
    const ttlMs = fc.constantFrom(60_000, 120_000.5, 240_000);
    const request = fc.oneof(
      fc.record({ verb: fc.constant('acquire' as const), resources, owner, ttlMs, asksTtl: fc.boolean() }),
      fc.record({ verb: fc.constant('replace' as const), resources, owner, ttlMs, replaces: owner }),
      fc.record({ verb: fc.constant('extend' as const), resources, owner, ttlMs }),
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
      return release(node, names, { ownerToken, wakeWaiters: one.wakeWaiters });
    }

    /** Of the optional fields only what must be there. */
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
        const mayBe = {
          acquire: undefined,
          extend: one.owner,
          replace: 'replaces' in one ? one.replaces : undefined,
        };
        if (owners.some((is) => is !== undefined && is !== mayBe[one.verb])) return { kind: 'denied' };
        for (const resource of one.resources) {
          // An extension never shortens.
          const keptMs = one.verb === 'extend' ? (this.holds.get(resource)?.ttlMs ?? 0) : 0;
          this.holds.set(resource, { owner: one.owner, ttlMs: Math.max(keptMs, one.ttlMs) });
        }
        if (one.verb === 'extend')
          return owners.includes(undefined) ? { kind: 'denied', healed: true } : { kind: 'granted' };
        const isReplaced = one.verb === 'replace' && !owners.includes(undefined);
        return { kind: 'granted', ...(isReplaced && { replaced: true }) };
      }
    }
  });
}
