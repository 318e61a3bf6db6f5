import type { AcquireRequest, FenceRequest, LockNode } from '../../lib/ports/lock-node.interface';
import { acquire, ownerOf, raiseFence, release } from '../helpers/ask-node';
import { until } from '../helpers/until';
import type { ContentionTraits } from './contention.contract';

const GRANTED = { kind: 'granted' };
const DENIED = { kind: 'denied' };

const SKEW_MICROS = 60_000_000;
/** Further from the time than is believed, and not so far that the number of the node is no use. */
const BEYOND_SKEW_MICROS = 1.5 * SKEW_MICROS;
const HOUR_MICROS = 3_600_000_000;
const KEEP_MS = 120_000;
const SHORT_MS = 60;

const nowMicros = () => Date.now() * 1_000;

const fenceOf = (proposal: number, rest: Partial<FenceRequest> = {}): FenceRequest => ({
  proposal,
  skewMicros: SKEW_MICROS,
  keepMs: KEEP_MS,
  ...rest,
});

let owners = 0;

/** What a lock node must do for fencing tokens: number the grants of a resource, each above all before. */
export function itKeepsTheContractOfFencing(
  current: () => LockNode,
  { isOneServer = true }: ContentionTraits = {},
): void {
  type Request = Partial<AcquireRequest> & { fence: FenceRequest; company?: number };

  /** The number of one lock that is released at once, among so many requests of the same moment. */
  async function numberOf(resources: string | string[], { company = 1, ...request }: Request) {
    const node = current();
    const ownerToken = `owner-${++owners}`;
    const [vote] = await Promise.all([
      acquire(node, resources, { ownerToken, ...request }),
      ...Array.from({ length: company - 1 }, (_, i) => acquire(node, `company-${i}`, { ownerToken })),
    ]);
    for (const resource of [resources, ...Array.from({ length: company - 1 }, (_, i) => `company-${i}`)]) {
      await release(node, resource, { ownerToken });
    }
    return vote.kind === 'granted' ? Number(vote.fence) : NaN;
  }

  describe('acquire with a fence', () => {
    it.each([1, 2])('numbers a grant as proposed (among %d requests)', async (company) => {
      const proposal = nowMicros() + 123_457;

      expect(await numberOf('a', { fence: fenceOf(proposal), company })).toBe(proposal);
    });

    it.each([1, 2])(
      'numbers every grant above all before, whatever is proposed (among %d requests)',
      async (company) => {
        const first = nowMicros();

        const numbers = [
          await numberOf('a', { fence: fenceOf(first), company }),
          await numberOf('a', { fence: fenceOf(first), company }),
          await numberOf('a', { fence: fenceOf(first - 1_000_000), company }),
          await numberOf('a', { fence: fenceOf(first + 1), company }),
          await numberOf('a', { fence: fenceOf(first + 1_000), company }),
        ];

        expect(numbers).toEqual([first, first + 1, first + 2, first + 3, first + 1_000]);
      },
    );

    it('numbers each resource by itself', async () => {
      const first = nowMicros();

      await numberOf('a', { fence: fenceOf(first + 1_000) });

      expect(await numberOf('b', { fence: fenceOf(first) })).toBe(first);
    });

    if (isOneServer) {
      it('gives one number to several resources, above the earlier ones of each', async () => {
        const first = nowMicros();
        await numberOf('b', { fence: fenceOf(first + 1_000) });

        const together = await numberOf(['a', 'b', 'c'], { fence: fenceOf(first) });

        expect(together).toBe(first + 1_001);
        for (const resource of ['a', 'b', 'c']) {
          expect(await numberOf(resource, { fence: fenceOf(first) })).toBe(first + 1_002);
        }
      });
    }

    it('gives the highest number of several resources, and a later hold of each is above its own', async () => {
      const first = nowMicros();
      await numberOf('b', { fence: fenceOf(first + 1_000) });

      const together = await numberOf(['a', 'b', 'c'], { fence: fenceOf(first) });

      expect(together).toBe(first + 1_001);
      expect(await numberOf('b', { fence: fenceOf(first) })).toBe(first + 1_002);
      expect(await numberOf('a', { fence: fenceOf(first) })).toBeGreaterThan(first);
    });

    it.each([1, 2])('changes no number where it is denied (among %d requests)', async (company) => {
      const node = current();
      const first = nowMicros();
      await acquire(node, 'a', { ownerToken: 'anna', fence: fenceOf(first) });

      expect(await numberOf('a', { fence: fenceOf(first + 1_000_000), company })).toBeNaN();
      expect(await numberOf('a', { fence: fenceOf(first + 1_000_000), company, replaces: 'eva' })).toBeNaN();

      await release(node, 'a', { ownerToken: 'anna' });
      expect(await numberOf('a', { fence: fenceOf(first) })).toBe(first + 1);
    });

    if (isOneServer) {
      it('changes no number of several resources when one of them is held', async () => {
        const node = current();
        const first = nowMicros();
        await acquire(node, 'b', { ownerToken: 'anna' });

        expect(await numberOf(['a', 'b'], { fence: fenceOf(first + 1_000_000) })).toBeNaN();

        expect(await numberOf('a', { fence: fenceOf(first) })).toBe(first);
      });
    }

    it('numbers nothing for those who do not ask', async () => {
      const node = current();
      const first = nowMicros();
      await numberOf('a', { fence: fenceOf(first) });

      const votes = await Promise.all([
        acquire(node, 'a', { ownerToken: 'anna' }),
        acquire(node, ['b', 'c'], { ownerToken: 'anna' }),
      ]);
      await release(node, 'a', { ownerToken: 'anna' });

      expect(votes).toEqual([GRANTED, GRANTED]);
      expect(await numberOf('a', { fence: fenceOf(first) })).toBe(first + 1);
    });

    it.each([1, 2])(
      'believes a proposal only as far as its own time allows (among %d requests)',
      async (company) => {
        const before = nowMicros();
        const late = await numberOf('late', { fence: fenceOf(before - BEYOND_SKEW_MICROS), company });
        const early = await numberOf('early', { fence: fenceOf(before + BEYOND_SKEW_MICROS), company });
        const after = nowMicros() + 1_000;

        expect(late).toBeGreaterThanOrEqual(before - SKEW_MICROS);
        expect(late).toBeLessThanOrEqual(after - SKEW_MICROS);
        expect(early).toBeGreaterThanOrEqual(before + SKEW_MICROS);
        expect(early).toBeLessThanOrEqual(after + SKEW_MICROS);
        // A counter that is ahead is a fact, and no proposal.
        expect(await numberOf('early', { fence: fenceOf(before), company })).toBe(early + 1);
      },
    );

    it.each([1, 2])(
      'keeps no number that is too far from the proposal to count (among %d requests)',
      async (company) => {
        const before = nowMicros();

        const early = await numberOf('a', { fence: fenceOf(before + HOUR_MICROS), company });

        expect(early).toBeGreaterThanOrEqual(before + SKEW_MICROS);
        expect(await numberOf('a', { fence: fenceOf(before), company })).toBe(before);
      },
    );

    it('numbers many requests of one moment, each by its own resource', async () => {
      const node = current();
      const first = nowMicros();
      for (const resource of ['b', 'd']) await numberOf(resource, { fence: fenceOf(first + 1_000) });
      await acquire(node, 'c', { ownerToken: 'eva' });

      const votes = await Promise.all([
        acquire(node, 'a', { ownerToken: 'anna', fence: fenceOf(first) }),
        acquire(node, 'plain', { ownerToken: 'anna' }),
        acquire(node, 'b', { ownerToken: 'anna', fence: fenceOf(first + 1) }),
        acquire(node, 'c', { ownerToken: 'anna', fence: fenceOf(first + 2) }),
        release(node, 'a', { ownerToken: 'anna' }),
        acquire(node, 'a', { ownerToken: 'ben', fence: fenceOf(first) }),
        acquire(node, 'd', { ownerToken: 'anna', fence: fenceOf(first + 3), replaces: 'nobody' }),
      ]);

      expect(votes).toEqual([
        { ...GRANTED, fence: first },
        GRANTED,
        { ...GRANTED, fence: first + 1_001 },
        expect.objectContaining(DENIED),
        GRANTED,
        { ...GRANTED, fence: first + 1 },
        { ...GRANTED, fence: first + 1_001 },
      ]);
    });

    it.each([1, 2])(
      'numbers a grant in place of another hold above that (among %d requests)',
      async (company) => {
        const node = current();
        const first = nowMicros();
        await acquire(node, 'a', { ownerToken: 'anna', fence: fenceOf(first) });

        const [vote] = await Promise.all([
          acquire(node, 'a', { ownerToken: 'ben', replaces: 'anna', fence: fenceOf(first) }),
          ...Array.from({ length: company - 1 }, () => acquire(node, 'other', { ownerToken: 'eva' })),
        ]);
        const [next] = await Promise.all([
          acquire(node, 'a', { ownerToken: 'ida', replaces: 'ben', fence: fenceOf(first + 9) }),
          ...Array.from({ length: company - 1 }, () => release(node, 'other', { ownerToken: 'eva' })),
        ]);

        expect(vote).toEqual({ ...GRANTED, replaced: true, fence: first + 1 });
        expect(next).toEqual({ ...GRANTED, replaced: true, fence: first + 9 });
        expect(await ownerOf(node, 'a')).toBe('ida');
      },
    );

    it('forgets a number that nobody raises for `keepMs`', async () => {
      const node = current();
      const first = nowMicros();
      const fence = fenceOf(first + 1_000_000, { keepMs: SHORT_MS });
      // When the hold has ended, the number is long gone. A server on a busy machine may write them some time after
      // each other, so they do not end together.
      const ttlMs = SHORT_MS + 500;
      await acquire(node, 'a', { ownerToken: 'anna', ttlMs, fence });
      await Promise.all([
        acquire(node, 'b', { ownerToken: 'anna', ttlMs, fence }),
        acquire(node, 'c', { ownerToken: 'anna', ttlMs }),
      ]);
      await until('both are free', async () => {
        const both = await Promise.all(['a', 'b'].map((resource) => ownerOf(node, resource)));
        return both.every((owner) => owner === undefined);
      });

      expect(await numberOf('a', { fence: fenceOf(first) })).toBe(first);
      expect(await numberOf('b', { fence: fenceOf(first) })).toBe(first);
    });
  });

  describe('raiseFence', () => {
    /** More digits than a number is written with where nobody asks for them. */
    const HIGH = 4_503_599_627_370_497;

    it('raises the numbers of what is ours, to the last digit', async () => {
      const node = current();
      await acquire(node, ['a', 'b'], { ownerToken: 'anna', fence: fenceOf(nowMicros()) });

      const vote = await raiseFence(node, ['a', 'b'], { ownerToken: 'anna', fence: HIGH });
      await release(node, ['a', 'b'], { ownerToken: 'anna' });

      expect(vote).toEqual(GRANTED);
      expect(await numberOf('a', { fence: fenceOf(HIGH) })).toBe(HIGH + 1);
      expect(await numberOf('a', { fence: fenceOf(HIGH), company: 2 })).toBe(HIGH + 2);
      expect(await numberOf(['a', 'b'], { fence: fenceOf(HIGH) })).toBe(HIGH + 3);
    });

    it('makes a number where there was none', async () => {
      const node = current();
      await acquire(node, 'a', { ownerToken: 'anna' });

      expect(await raiseFence(node, 'a', { ownerToken: 'anna', fence: HIGH })).toEqual(GRANTED);

      await release(node, 'a', { ownerToken: 'anna' });
      expect(await numberOf('a', { fence: fenceOf(HIGH) })).toBe(HIGH + 1);
    });

    it('never lowers', async () => {
      const node = current();
      const first = nowMicros();
      await acquire(node, 'a', { ownerToken: 'anna', fence: fenceOf(first) });

      const votes = [
        await raiseFence(node, 'a', { ownerToken: 'anna', fence: first - 1 }),
        await raiseFence(node, 'a', { ownerToken: 'anna', fence: first }),
      ];
      await release(node, 'a', { ownerToken: 'anna' });

      expect(votes).toEqual([GRANTED, GRANTED]);
      expect(await numberOf('a', { fence: fenceOf(first) })).toBe(first + 1);
    });

    it.each(['somebody else’s', 'nobody’s'])(
      'is denied for what is %s, and changes nothing',
      async (whose) => {
        const node = current();
        const first = nowMicros();
        await numberOf('a', { fence: fenceOf(first) });
        if (whose !== 'nobody’s') await acquire(node, 'a', { ownerToken: 'ben' });

        const vote = await raiseFence(node, 'a', { ownerToken: 'anna', fence: HIGH });
        await release(node, 'a', { ownerToken: 'ben' });

        expect(vote).toEqual(DENIED);
        expect(await numberOf('a', { fence: fenceOf(first) })).toBe(first + 1);
      },
    );

    it('is denied for several resources of which one is not ours', async () => {
      const node = current();
      const first = nowMicros();
      await acquire(node, 'a', { ownerToken: 'anna', fence: fenceOf(first) });

      const vote = await raiseFence(node, ['a', 'b'], { ownerToken: 'anna', fence: HIGH });
      await release(node, 'a', { ownerToken: 'anna' });

      expect(vote).toEqual(DENIED);
      if (isOneServer) expect(await numberOf('a', { fence: fenceOf(first) })).toBe(first + 1);
      expect(await numberOf('b', { fence: fenceOf(first) })).toBe(first);
    });

    it('keeps its place behind an acquire and before a release of the same moment', async () => {
      const node = current();
      const first = nowMicros();

      const votes = await Promise.all([
        acquire(node, 'a', { ownerToken: 'anna', fence: fenceOf(first) }),
        raiseFence(node, 'a', { ownerToken: 'anna', fence: first + 500 }),
        release(node, 'a', { ownerToken: 'anna' }),
        raiseFence(node, 'a', { ownerToken: 'anna', fence: HIGH }),
      ]);

      expect(votes).toEqual([{ ...GRANTED, fence: first }, GRANTED, GRANTED, DENIED]);
      expect(await numberOf('a', { fence: fenceOf(first) })).toBe(first + 501);
    });

    it('keeps what it raised for `keepMs`', async () => {
      const node = current();
      const first = nowMicros();
      await acquire(node, 'a', { ownerToken: 'anna', ttlMs: SHORT_MS });

      await raiseFence(node, 'a', { ownerToken: 'anna', fence: first + 1_000_000, keepMs: 1 });
      await until('the hold is over', async () => (await ownerOf(node, 'a')) === undefined);

      expect(await numberOf('a', { fence: fenceOf(first) })).toBe(first);
    });

    it('fails after close', async () => {
      const node = current();
      await node.close();

      expect((await raiseFence(node, 'a', { ownerToken: 'anna', fence: HIGH })).kind).toBe('failed');
    });
  });
}
