import type { LockNode } from '../../lib/ports/lock-node.interface';
import { acquire, extend, ownerOf, release, ttlOf } from '../helpers/ask-node';
import { until } from '../helpers/until';
import { type ContentionTraits, itKeepsTheContractOfContention } from './contention.contract';
import { itKeepsTheContractOfFencing } from './fencing.contract';
import { itKeepsTheContractOfListing } from './listing.contract';
import { itKeepsTheContractOfTheLine } from './line.contract';
import { itKeepsTheContractOfSharing } from './sharing.contract';

const GRANTED = { kind: 'granted' };
const DENIED = { kind: 'denied' };
const FAILED = { kind: 'failed', error: expect.any(Error) as Error };

const SHORT_TTL_MS = 60;
const LONG_TTL_MS = 120_000;

/**
 * What every lock node must do, whatever it is made of.
 *
 * @param open gives a node that is up and empty
 */
export function itKeepsTheContractOfLockNode(
  open: () => Promise<LockNode>,
  { lists = true, ...traits }: ContentionTraits & { readonly lists?: boolean } = {},
): void {
  let node: LockNode;

  beforeEach(async () => {
    node = await open();
  });

  afterEach(async () => {
    await node.close();
  });

  itKeepsTheContractOfContention(() => node, traits);
  itKeepsTheContractOfFencing(() => node, traits);
  if (lists) itKeepsTheContractOfListing(() => node, traits);
  itKeepsTheContractOfSharing(() => node, traits);
  describe('the line', () => {
    itKeepsTheContractOfTheLine(() => node);
  });

  describe('acquire', () => {
    it('grants a free resource and says who holds it', async () => {
      const vote = await acquire(node, 'order:1', { ownerToken: 'anna' });

      expect(vote).toEqual(GRANTED);
      expect(await node.inspect('order:1')).toEqual({
        ownerToken: 'anna',
        ttlMs: expect.any(Number) as number,
      });
    });

    it('denies a second owner and leaves the first', async () => {
      await acquire(node, 'order:1', { ownerToken: 'anna' });

      const vote = await acquire(node, 'order:1', { ownerToken: 'ben' });

      expect(vote.kind).toBe('denied');
      expect(await ownerOf(node, 'order:1')).toBe('anna');
    });

    it('denies an owner token that it has already: a token is never used twice', async () => {
      await acquire(node, 'order:1', { ownerToken: 'anna' });

      expect((await acquire(node, 'order:1', { ownerToken: 'anna' })).kind).toBe('denied');
    });

    it('grants several resources together', async () => {
      const vote = await acquire(node, ['a', 'b', 'c'], { ownerToken: 'anna' });

      expect(vote).toEqual(GRANTED);
      expect(await Promise.all(['a', 'b', 'c'].map((resource) => ownerOf(node, resource)))).toEqual([
        'anna',
        'anna',
        'anna',
      ]);
    });

    it.each(['a', 'b', 'c'])('takes none of three resources when %s is held', async (held) => {
      await acquire(node, held, { ownerToken: 'ben' });

      const vote = await acquire(node, ['a', 'b', 'c'], { ownerToken: 'anna' });

      expect(vote.kind).toBe('denied');
      const free = ['a', 'b', 'c'].filter((resource) => resource !== held);
      await until('the others are free', async () => {
        const owners = await Promise.all(free.map((resource) => ownerOf(node, resource)));
        return owners.every((owner) => owner === undefined);
      });
      expect(await ownerOf(node, held)).toBe('ben');
    });

    it('says for how long the resources in the way are kept, the longest of them, and whose that one is', async () => {
      await acquire(node, 'a', { ownerToken: 'ben', ttlMs: LONG_TTL_MS / 4 });
      await acquire(node, 'b', { ownerToken: 'eva', ttlMs: LONG_TTL_MS });

      const vote = await acquire(node, ['a', 'b'], { ownerToken: 'anna', askHolderTtl: true });

      expect(vote).toMatchObject({ kind: 'denied', holder: 'eva' });
      const holderTtlMs = vote.kind === 'denied' ? vote.holderTtlMs : undefined;
      expect(holderTtlMs).toBeGreaterThan(LONG_TTL_MS / 2);
      expect(holderTtlMs).toBeLessThanOrEqual(LONG_TTL_MS);
    });

    it('says so for a single resource too, when it is asked', async () => {
      await acquire(node, 'a', { ownerToken: 'ben', ttlMs: LONG_TTL_MS });

      const vote = await acquire(node, 'a', { ownerToken: 'anna', askHolderTtl: true });

      expect(vote).toMatchObject({ kind: 'denied', holder: 'ben' });
      const holderTtlMs = vote.kind === 'denied' ? vote.holderTtlMs : undefined;
      expect(holderTtlMs).toBeGreaterThan(LONG_TTL_MS / 2);
    });

    it('grants a single free resource with the question for the ttl of its holder', async () => {
      expect(await acquire(node, 'a', { ownerToken: 'anna', askHolderTtl: true })).toEqual(GRANTED);
      expect(await ownerOf(node, 'a')).toBe('anna');
    });

    it('forgets a resource when its ttl is over, for one and for several', async () => {
      await acquire(node, 'a', { ownerToken: 'anna', ttlMs: SHORT_TTL_MS });
      await acquire(node, ['b', 'c'], { ownerToken: 'anna', ttlMs: SHORT_TTL_MS });

      await until('all are free', async () => {
        const owners = await Promise.all(['a', 'b', 'c'].map((resource) => ownerOf(node, resource)));
        return owners.every((owner) => owner === undefined);
      });

      expect(await acquire(node, ['a', 'b', 'c'], { ownerToken: 'ben' })).toEqual(GRANTED);
    });

    it('takes a ttl with fractions of a millisecond', async () => {
      expect(await acquire(node, 'a', { ownerToken: 'anna', ttlMs: 9_999.25 })).toEqual(GRANTED);
      expect(await extend(node, 'a', { ownerToken: 'anna', ttlMs: 0.25 })).toEqual(GRANTED);
      expect(await acquire(node, 'b', { ownerToken: 'anna', ttlMs: 0.25 })).toEqual(GRANTED);
    });

    it('grants to exactly one of many that ask at the same time', async () => {
      const owners = Array.from({ length: 100 }, (_, owner) => `owner-${owner}`);

      const votes = await Promise.all(owners.map((ownerToken) => acquire(node, 'a', { ownerToken })));

      expect(votes.filter(({ kind }) => kind === 'granted')).toHaveLength(1);
      expect(await ownerOf(node, 'a')).toBe(owners[votes.findIndex(({ kind }) => kind === 'granted')]);
    });

    it.each(['with space', 'zeile\nzwei', 'größe:✓', '{tag}:a', '{}', 'a}b', '}{', 'a{b', '*', '0'])(
      'keeps the resource %j apart from all others',
      async (resource) => {
        await acquire(node, 'other', { ownerToken: 'ben' });

        expect(await acquire(node, resource, { ownerToken: 'anna' })).toEqual(GRANTED);
        expect(await ownerOf(node, resource)).toBe('anna');
        expect(await release(node, resource, { ownerToken: 'anna' })).toEqual(GRANTED);
        expect(await ownerOf(node, 'other')).toBe('ben');

        const fence = { proposal: Date.now() * 1_000, skewMicros: 1_000_000, keepMs: LONG_TTL_MS };
        expect(await acquire(node, resource, { ownerToken: 'eva', fence })).toEqual({
          ...GRANTED,
          fence: fence.proposal,
        });
        expect(await ownerOf(node, resource)).toBe('eva');
      },
    );
  });

  describe('extend', () => {
    it('makes resources last longer from now on', async () => {
      await acquire(node, ['a', 'b'], { ownerToken: 'anna', ttlMs: LONG_TTL_MS / 4 });

      const vote = await extend(node, ['a', 'b'], { ownerToken: 'anna', ttlMs: LONG_TTL_MS });

      expect(vote).toEqual(GRANTED);
      expect(await ttlOf(node, 'a')).toBeGreaterThan(LONG_TTL_MS / 2);
      expect(await ttlOf(node, 'b')).toBeGreaterThan(LONG_TTL_MS / 2);
    });

    it('never shortens what was asked for before', async () => {
      await acquire(node, 'a', { ownerToken: 'anna', ttlMs: LONG_TTL_MS });

      const votes = await Promise.all([
        extend(node, 'a', { ownerToken: 'anna', ttlMs: SHORT_TTL_MS }),
        extend(node, 'a', { ownerToken: 'anna', ttlMs: 2 * SHORT_TTL_MS }),
      ]);

      expect(votes).toEqual([GRANTED, GRANTED]);
      expect(await ttlOf(node, 'a')).toBeGreaterThan(LONG_TTL_MS / 2);
    });

    it('is denied, and changes nothing, for a resource of somebody else', async () => {
      await acquire(node, 'a', { ownerToken: 'ben', ttlMs: LONG_TTL_MS / 4 });

      const vote = await extend(node, 'a', { ownerToken: 'anna', ttlMs: LONG_TTL_MS });

      expect(vote).toEqual({ kind: 'denied', healed: false });
      expect(await ownerOf(node, 'a')).toBe('ben');
      expect(await ttlOf(node, 'a')).toBeLessThanOrEqual(LONG_TTL_MS / 4);
    });

    it('puts back a resource that was lost, but counts it only from the next time on', async () => {
      const first = await extend(node, 'a', { ownerToken: 'anna' });
      const second = await extend(node, 'a', { ownerToken: 'anna' });

      expect(first).toEqual({ kind: 'denied', healed: true });
      expect(second).toEqual(GRANTED);
      expect(await ownerOf(node, 'a')).toBe('anna');
    });

    it('extends what is left of several resources and puts back the rest', async () => {
      await acquire(node, 'a', { ownerToken: 'anna', ttlMs: LONG_TTL_MS / 4 });

      const vote = await extend(node, ['a', 'b'], { ownerToken: 'anna', ttlMs: LONG_TTL_MS });

      expect(vote).toEqual({ kind: 'denied', healed: true });
      expect(await ttlOf(node, 'a')).toBeGreaterThan(LONG_TTL_MS / 2);
      expect(await ownerOf(node, 'b')).toBe('anna');
    });

    it('puts nothing back where it is told so, and then changes nothing', async () => {
      await acquire(node, '{order}:1', { ownerToken: 'anna', ttlMs: 10_000 });

      expect(
        await extend(node, '{order}:1', { ownerToken: 'anna', ttlMs: LONG_TTL_MS, putsBack: false }),
      ).toEqual(GRANTED);
      const partly = await extend(node, ['{order}:1', '{order}:2'], {
        ownerToken: 'anna',
        ttlMs: 2 * LONG_TTL_MS,
        putsBack: false,
      });

      expect(partly).toEqual({ kind: 'denied', healed: false });
      expect(await ownerOf(node, '{order}:2')).toBeUndefined();
      expect(await ttlOf(node, '{order}:1')).toBeLessThanOrEqual(LONG_TTL_MS);
      expect((await extend(node, 'order:3', { ownerToken: 'anna', putsBack: false })).kind).toBe('denied');
      expect(await ownerOf(node, 'order:3')).toBeUndefined();
    });

    describe('that only looks', () => {
      const look = (resources: string | string[], ownerToken: string) =>
        extend(node, resources, { ownerToken, ttlMs: SHORT_TTL_MS, onlyLooks: true });

      it('is granted to who has it, and changes nothing', async () => {
        await acquire(node, ['a', 'b'], { ownerToken: 'anna', ttlMs: LONG_TTL_MS });

        expect(await look('a', 'anna')).toEqual(GRANTED);
        expect(await look(['a', 'b'], 'anna')).toEqual(GRANTED);
        expect(await ttlOf(node, 'a')).toBeGreaterThan(LONG_TTL_MS / 2);
      });

      it('is denied where somebody else or nobody has it', async () => {
        await acquire(node, 'a', { ownerToken: 'ben', ttlMs: LONG_TTL_MS });
        await acquire(node, 'read', { ownerToken: 'eva', ttlMs: LONG_TTL_MS, shared: ['read'] });

        expect(await look('a', 'anna')).toEqual({ kind: 'denied', healed: false });
        expect(await look('read', 'anna')).toEqual({ kind: 'denied', healed: false });
        expect((await look('nobody', 'anna')).kind).toBe('denied');
        expect(await ownerOf(node, 'a')).toBe('ben');
      });

      it('is answered beside other requests', async () => {
        await acquire(node, 'a', { ownerToken: 'anna', ttlMs: LONG_TTL_MS });

        const votes = await Promise.all([
          look('a', 'anna'),
          acquire(node, 'b', { ownerToken: 'anna' }),
          look('a', 'ben'),
        ]);

        expect(votes.map(({ kind }) => kind)).toEqual(['granted', 'granted', 'denied']);
      });
    });

    it('lets what it put back expire', async () => {
      await extend(node, 'a', { ownerToken: 'anna', ttlMs: SHORT_TTL_MS });

      await until('it is free', async () => (await ownerOf(node, 'a')) === undefined);
    });
  });

  describe('release', () => {
    it('frees what is ours', async () => {
      await acquire(node, ['a', 'b'], { ownerToken: 'anna' });

      const vote = await release(node, ['a', 'b'], { ownerToken: 'anna' });

      expect(vote).toEqual(GRANTED);
      expect(await acquire(node, ['a', 'b'], { ownerToken: 'ben' })).toEqual(GRANTED);
    });

    it.each([
      ['and tells nobody', false],
      ['also where it tells those who wait', true],
    ])('never frees what is somebody else’s, %s', async (_, wakeWaiters) => {
      await acquire(node, 'a', { ownerToken: 'ben' });

      const vote = await release(node, 'a', { ownerToken: 'anna', wakeWaiters });

      expect(vote).toEqual(DENIED);
      expect(await ownerOf(node, 'a')).toBe('ben');
    });

    it('is denied for what nobody has, and so is a second release', async () => {
      await acquire(node, 'a', { ownerToken: 'anna' });
      await release(node, 'a', { ownerToken: 'anna' });

      expect(await release(node, 'a', { ownerToken: 'anna' })).toEqual(DENIED);
    });

    it('frees what is ours among resources of others', async () => {
      await acquire(node, 'a', { ownerToken: 'anna' });
      await acquire(node, 'b', { ownerToken: 'ben' });

      const vote = await release(node, ['a', 'b', 'c'], { ownerToken: 'anna' });

      expect(vote).toEqual(DENIED);
      expect(await ownerOf(node, 'a')).toBeUndefined();
      expect(await ownerOf(node, 'b')).toBe('ben');
    });

    it('keeps what is ours for `keepMs` from now on, then lets it go', async () => {
      await acquire(node, 'a', { ownerToken: 'anna', ttlMs: LONG_TTL_MS });

      const vote = await release(node, 'a', { ownerToken: 'anna', keepMs: SHORT_TTL_MS });
      const votes = await Promise.all([
        acquire(node, 'b', { ownerToken: 'anna', ttlMs: SHORT_TTL_MS }),
        release(node, 'b', { ownerToken: 'anna', keepMs: LONG_TTL_MS }),
      ]);

      expect([vote, ...votes]).toEqual([GRANTED, GRANTED, GRANTED]);
      expect(await ttlOf(node, 'b')).toBeGreaterThan(LONG_TTL_MS / 2);
      expect((await acquire(node, 'b', { ownerToken: 'ben' })).kind).toBe('denied');
      await until('it is free', async () => (await ownerOf(node, 'a')) === undefined);
    });

    it('does not keep what is somebody else’s', async () => {
      await acquire(node, 'a', { ownerToken: 'ben', ttlMs: LONG_TTL_MS / 4 });

      const vote = await release(node, 'a', { ownerToken: 'anna', keepMs: LONG_TTL_MS });

      expect(vote).toEqual(DENIED);
      expect(await ttlOf(node, 'a')).toBeLessThanOrEqual(LONG_TTL_MS / 4);
    });
  });

  describe('order', () => {
    it('applies requests in the order in which they were made', async () => {
      const votes = await Promise.all([
        acquire(node, 'a', { ownerToken: 'anna' }),
        extend(node, 'a', { ownerToken: 'anna' }),
        acquire(node, 'a', { ownerToken: 'ben' }),
        release(node, 'a', { ownerToken: 'anna' }),
        acquire(node, ['a', 'b'], { ownerToken: 'eva' }),
        release(node, ['a', 'b'], { ownerToken: 'eva' }),
        acquire(node, 'b', { ownerToken: 'ida' }),
      ]);

      expect(votes.map(({ kind }) => kind)).toEqual([
        'granted',
        'granted',
        'denied',
        'granted',
        'granted',
        'granted',
        'granted',
      ]);
      expect(await ownerOf(node, 'a')).toBeUndefined();
      expect(await ownerOf(node, 'b')).toBe('ida');
    });

    it('goes on after a vote function that throws', async () => {
      const throwing = () => {
        throw new Error('a mistake of the caller');
      };
      try {
        node.acquire({ resources: ['a'], ownerToken: 'anna', ttlMs: 10_000, askHolderTtl: true }, throwing);
      } catch {
        // It may reach the caller, who made it, and nobody else.
      }

      expect(await release(node, 'a', { ownerToken: 'anna' })).toEqual(GRANTED);
      expect(await acquire(node, 'a', { ownerToken: 'ben' })).toEqual(GRANTED);
    });
  });

  describe('inspect', () => {
    it('gives null for what nobody has', async () => {
      expect(await node.inspect('a')).toBeNull();
    });
  });

  describe('onReleased', () => {
    it('can be stopped before anything was heard', async () => {
      const subscription = node.onReleased('a', () => undefined);

      subscription.stop();
      await acquire(node, 'a', { ownerToken: 'anna' });
      expect(await release(node, 'a', { ownerToken: 'anna', wakeWaiters: true })).toMatchObject(GRANTED);
    });
  });

  describe('close', () => {
    it('fails every request from then on', async () => {
      await acquire(node, 'a', { ownerToken: 'anna' });

      await node.close();

      expect(node.status).toBe('closed');
      expect(await acquire(node, 'b', { ownerToken: 'anna' })).toEqual(FAILED);
      expect(await extend(node, 'a', { ownerToken: 'anna' })).toEqual(FAILED);
      expect(await release(node, 'a', { ownerToken: 'anna' })).toEqual(FAILED);
      await expect(node.inspect('a')).rejects.toThrow();
    });

    it('may be called twice', async () => {
      await Promise.all([node.close(), node.close()]);
      await node.close();

      expect(node.status).toBe('closed');
    });

    it('is told once to those who listen, and not to those who do not any more', async () => {
      const heard: string[] = [];
      const end = node.onStatus(({ status }) => heard.push(`first ${status}`));
      node.onStatus(({ status }) => heard.push(`second ${status}`));

      end();
      await node.close();
      await node.close();

      expect(heard).toEqual(['second closed']);
    });
  });
}
