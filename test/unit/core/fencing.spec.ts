import { FenceProposals } from '../../../lib/core/fence-proposals';
import type { AcquireRequest } from '../../../lib/ports/lock-node.interface';
import type { NodeGuard } from '../../../lib/core/node-guard';
import { FENCING } from '../../helpers/fleet';
import { DENIED, FAILED, GRANTED } from '../../helpers/scripted-node';
import { settle, VirtualClock } from '../../helpers/virtual-clock';
import { watch } from '../../helpers/watch';
import { setUp, tokenOf, TTL_MS, VALIDITY_MS } from './fencing-set-up';

describe('a proposal', () => {
  it('is the time in microseconds, the same for all nodes', async () => {
    const { clock, nodes, acquire } = setUp();

    acquire();
    await settle();

    const fence = { proposal: clock.wallNow() * 1_000, skewMicros: 15_000_000, keepMs: 86_400_000 };
    for (const node of nodes) expect(node.requestsOf('acquire')).toMatchObject([{ fence }]);
  });

  it('is asked for by nobody who wants no token', async () => {
    const { node, redlock } = setUp(1);

    const attempt = watch(redlock.acquireAsync(['order:7'], { ttlMs: TTL_MS }));
    node(0).answer('acquire', { ...GRANTED, fence: 5 });
    await settle();

    expect(node(0).requestsOf('acquire')).toMatchObject([{ fence: undefined }]);
    expect(attempt.value).toMatchObject({ outcome: 'won', lease: { fencingToken: undefined } });
  });

  it('is later than the one before, within a millisecond and when the clock is set back', () => {
    const clock = new VirtualClock();
    const proposals = new FenceProposals(clock, FENCING);

    const first = proposals.next().proposal;
    const second = proposals.next().proposal;
    clock.suspend(-1_000);
    const third = proposals.next().proposal;

    expect([second - first, third - first]).toEqual([1, 2]);
  });

  it('follows a token that was ahead, but not to where no node would believe it', () => {
    const clock = new VirtualClock();
    const proposals = new FenceProposals(clock, FENCING);
    const now = clock.wallNow() * 1_000;

    proposals.saw(now + 1_000_000);
    const near = proposals.next().proposal;
    proposals.saw(now + 3_600_000_000);
    const far = proposals.next().proposal;
    clock.suspend(10_000);

    expect(near).toBe(now + 1_000_001);
    expect(far).toBe(now + (FENCING.skewMs / 2) * 1_000);
    // Its own clock has passed that.
    expect(proposals.next().proposal).toBe(now + 10_000_000);
  });

  it('is a whole number, whatever the clock says', () => {
    const clock = new VirtualClock();
    clock.suspend(0.000_3);

    const { proposal, skewMicros } = new FenceProposals(clock, { skewMs: 0.25, keepMs: 10 }).next();

    expect([proposal, skewMicros].every(Number.isSafeInteger)).toBe(true);
  });
});

describe('a fencing token', () => {
  it('takes one round when a majority gave the same number', async () => {
    const { acquire, grant, proposal, raises } = setUp();

    const attempt = acquire();
    await grant(0, 0);

    expect(tokenOf(attempt)).toBe(proposal());
    expect(raises()).toEqual([[], [], []]);
  });

  it('is the largest number, written to those that gave less or have not answered', async () => {
    const { acquire, grant, node, proposal, raises } = setUp();

    const attempt = acquire();
    await grant(0, 5);

    const raise = {
      resources: ['order:7'],
      ownerToken: 'token-1',
      fence: proposal() + 5,
      keepMs: FENCING.keepMs,
    };
    expect(raises()).toEqual([[raise], [], [raise]]);
    expect(attempt.state).toBe('pending');
    node(2).answer('raiseFence', GRANTED);
    await settle();
    expect(tokenOf(attempt)).toBe(proposal() + 5);
  });

  it.each([
    [3, [0, 1], 1],
    [5, [0, 0, 1], 2],
    [5, [1, 0, 1], 1],
    [5, [0, 1, 2], 2],
    [4, [0, 0, 1], 2],
  ])('on %i nodes that gave %j needs %i more of them', async (nodeCount, ahead, missing) => {
    const { acquire, grant, nodes, proposal, raises } = setUp(nodeCount);

    const attempt = acquire();
    await grant(...ahead);
    const asked = nodes.filter((_, position) => raises()[position]?.length === 1);
    for (const node of asked.slice(0, missing - 1)) node.answer('raiseFence', GRANTED);
    await settle();

    expect(attempt.state).toBe('pending');
    asked[missing - 1]?.answer('raiseFence', GRANTED);
    await settle();
    expect(tokenOf(attempt)).toBe(proposal() + Math.max(...ahead));
  });

  it.each([
    ['denied', DENIED, DENIED],
    ['failed', FAILED, FAILED],
    ['denied here and failed there', DENIED, FAILED],
  ])('that cannot be written back (%s) is none: everything is released', async (_, one, other) => {
    const { acquire, grant, node, nodes, releases } = setUp();

    const attempt = acquire();
    await grant(0, 5);
    node(0).answer('raiseFence', one);
    node(2).answer('raiseFence', other);
    await settle();

    expect(attempt.value).toMatchObject({ outcome: 'unavailable' });
    expect(releases()).toEqual([1, 1, 1]);
    for (const { asked } of nodes)
      expect(asked.at(-1)).toMatchObject({ verb: 'release', request: { ownerToken: 'token-1' } });
  });

  it.each([
    ['usable', 7],
    ['far off', 30_000_001],
  ])(
    'is given up when the nodes are silent, and a late grant with a %s number is released',
    async (_, more) => {
      const { clock, acquire, grant, node, proposal, releases } = setUp();

      const attempt = acquire();
      await grant(0, 5);
      await clock.advance(500);
      expect(attempt.value).toMatchObject({ outcome: 'unavailable' });
      expect(releases()).toEqual([1, 1, 1]);
      node(2).answer('acquire', { ...GRANTED, fence: proposal() + more });
      await settle();

      expect(releases()).toEqual([1, 1, 2]);
    },
  );

  it('counts for nothing when the validity is over by the time it is written', async () => {
    const { clock, acquire, grant, node, releases } = setUp();

    const attempt = acquire();
    await grant(0, 5);
    clock.stall(VALIDITY_MS);
    node(0).answer('raiseFence', GRANTED);
    await settle();

    expect(attempt.value).toMatchObject({ outcome: 'unavailable' });
    expect(releases()).toEqual([1, 1, 1]);
  });

  it('is not waited for past the validity', async () => {
    const { clock, acquire, grant } = setUp();

    const attempt = acquire();
    await clock.advance(495);
    await grant(0, 5);
    await clock.advance(VALIDITY_MS - 495);

    expect(attempt.value).toMatchObject({ outcome: 'unavailable' });
  });

  it.each([undefined, null, 0, -1, 1.5, NaN, Infinity, 2 ** 53, '5'])(
    'needs numbers: a node that grants with %p has failed',
    async (fence) => {
      const { acquire, node, nodes, proposal, releases } = setUp();

      const attempt = acquire();
      for (const one of nodes.slice(0, 2)) one.answer('acquire', { ...GRANTED, fence });
      node(2).answer('acquire', { ...GRANTED, fence: proposal() });
      await settle();

      const failed = { vote: 'failed', error: expect.any(Error) as Error };
      expect(attempt.value).toMatchObject({ outcome: 'unavailable', votes: [failed, failed, {}] });
      // The last one came when the attempt was over.
      expect(releases()).toEqual([1, 1, 2]);
    },
  );

  it('is not yet at a node that keeps lower numbers for some of the resources', async () => {
    const { acquire, node, nodes, proposal, raises } = setUp();

    const attempt = acquire();
    for (const one of nodes)
      one.answer('acquire', { ...GRANTED, fence: proposal() + 1, isFenceUneven: true });
    await settle();
    expect(raises().map(({ length }) => length)).toEqual([1, 1, 1]);
    node(0).answer('raiseFence', GRANTED);
    node(1).answer('raiseFence', GRANTED);
    await settle();

    expect(tokenOf(attempt)).toBe(proposal() + 1);
  });

  describe('at a node that turns out to have forgotten things', () => {
    function setUpWithGuard() {
      const forgetful = new Set<unknown>();
      const guard = {
        get isIdle() {
          return forgetful.size === 0;
        },
        reasonFor: () => undefined,
        errorFor: (node: unknown) => (forgetful.has(node) ? new Error('restarted') : undefined),
      };
      return { ...setUp(5, () => guard as unknown as NodeGuard), forgetful };
    }

    /** All nodes grant at once, with the proposal and so much more; then the first is found out. */
    function grantedBy(ahead: readonly number[]) {
      const set = setUpWithGuard();
      for (const [position, more] of ahead.entries()) {
        set.node(position).onAsked = ({ verb, request, vote }) => {
          if (verb !== 'acquire') return;
          const { proposal = 0 } = (request as AcquireRequest).fence ?? {};
          vote({ ...GRANTED, fence: proposal + more } as never);
        };
      }
      return set;
    }

    it('does not count when it was there at once', async () => {
      const { acquire, node, forgetful, raises } = grantedBy([1, 1, 1, 0, 0]);
      const grants = node(4).onAsked;
      node(4).onAsked = (asked) => {
        forgetful.add(node(0));
        grants?.(asked);
      };

      const attempt = acquire();
      await settle();
      expect(raises().map(({ length }) => length)).toEqual([0, 0, 0, 1, 1]);
      node(3).answer('raiseFence', GRANTED);
      await settle();

      expect(attempt.value).toMatchObject({ outcome: 'won' });
    });

    it('does not count when it was written back', async () => {
      const { acquire, node, forgetful, releases } = grantedBy([5, 0, 0, 0, 0]);

      const attempt = acquire();
      await settle();
      node(1).answer('raiseFence', GRANTED);
      forgetful.add(node(1));
      node(3).answer('raiseFence', GRANTED);
      await settle();

      expect(attempt.value).toMatchObject({ outcome: 'unavailable' });
      expect(releases()).toEqual([1, 1, 1, 1, 1]);
    });
  });

  it('stays what it is when a node grants later with a larger number', async () => {
    const { acquire, grant, node, proposal, releases } = setUp();

    const attempt = acquire();
    await grant(0, 0);
    node(2).answer('acquire', { ...GRANTED, fence: proposal() + 9 });
    await settle();

    expect(tokenOf(attempt)).toBe(proposal());
    expect(releases()).toEqual([0, 0, 0]);
  });

  it('is followed by proposals above it', async () => {
    const { acquire, grant, node, proposal } = setUp();
    acquire();
    await grant(0, 5);
    const token = proposal() + 5;
    node(0).answer('raiseFence', GRANTED);

    acquire();
    await settle();

    expect(proposal()).toBe(token + 1);
  });

  it('counts the number of the node that was asked before the others', async () => {
    const { acquire, node, nodes, proposal, raises } = setUp();

    const attempt = acquire({ leaderFirst: true });
    node(0).answer('acquire', { ...GRANTED, fence: proposal() + 5 });
    await settle();
    const proposals = nodes.map((one) => (one.requestsOf('acquire')[0] as AcquireRequest).fence?.proposal);
    node(1).answer('acquire', { ...GRANTED, fence: proposal() });
    await settle();
    node(1).answer('raiseFence', GRANTED);
    await settle();

    expect(new Set(proposals).size).toBe(1);
    expect(raises().map(({ length }) => length)).toEqual([0, 1, 1]);
    expect(tokenOf(attempt)).toBe(proposal() + 5);
  });

  describe('of a hold that takes the place of another', () => {
    async function replaced() {
      const set = setUp();
      const first = set.acquire();
      await set.grant(0, 0, 0);
      if (first.value?.outcome !== 'won') throw new Error('not won');
      const { attempt } = set.redlock.handOver(first.value.lease, {
        ttlMs: TTL_MS,
        fencing: true,
        atOnce: true,
      });
      const next = watch(attempt);
      set.node(0).answer('acquire', { ...GRANTED, replaced: true, fence: set.proposal() });
      set.node(1).answer('acquire', { ...GRANTED, replaced: true, fence: set.proposal() + 5 });
      await settle();
      return { ...set, first: tokenOf(first) ?? 0, next };
    }

    it('is larger, and is written back under its own name', async () => {
      const { first, next, node, proposal, raises } = await replaced();

      node(0).answer('raiseFence', GRANTED);
      await settle();

      expect(raises()[0]).toMatchObject([{ ownerToken: 'token-2' }]);
      expect(tokenOf(next)).toBe(proposal() + 5);
      expect(tokenOf(next)).toBeGreaterThan(first);
    });

    it('ends with the other one when it cannot be written back', async () => {
      const { next, node, nodes } = await replaced();

      node(0).answer('raiseFence', FAILED);
      node(2).answer('raiseFence', FAILED);
      await settle();

      expect(next.value).toMatchObject({ outcome: 'unavailable' });
      for (const one of nodes)
        expect(one.requestsOf('release')).toContainEqual(expect.objectContaining({ ownerToken: 'token-2' }));
      // Only where the new one may not have got through, the old one may still be.
      expect(node(0).requestsOf('release')).toHaveLength(1);
      expect(node(2).requestsOf('release')).toContainEqual(
        expect.objectContaining({ ownerToken: 'token-1' }),
      );
    });

    it('is none where nobody asks', async () => {
      const { redlock, acquire, grant, node } = setUp();
      const first = acquire();
      await grant(0, 0, 0);
      if (first.value?.outcome !== 'won') throw new Error('not won');

      const { attempt } = redlock.handOver(first.value.lease, {
        ttlMs: TTL_MS,
        fencing: false,
        atOnce: false,
      });
      const next = watch(attempt);
      node(0).answer('extend', GRANTED);
      node(1).answer('extend', GRANTED);
      await settle();

      expect(next.value).toMatchObject({ outcome: 'won', lease: { fencingToken: undefined } });
    });
  });
});
