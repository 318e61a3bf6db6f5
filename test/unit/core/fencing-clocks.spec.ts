import type { AcquireRequest } from '../../../lib/ports/lock-node.interface';
import { DENIED, GRANTED } from '../../helpers/scripted-node';
import { settle } from '../../helpers/virtual-clock';
import { setUp, tokenOf } from './fencing-set-up';

/** A quarter of the largest ttl of a minute, in microseconds. */
const SKEW = 15_000_000;
const FAR_OFF = { vote: 'failed', error: { message: expect.stringContaining('NTP') as string } };

describe('the number of a grant', () => {
  it.each([2 * SKEW, -2 * SKEW])('may be %i µs from the proposal', async (more) => {
    const { acquire, grant, proposal } = setUp();

    const attempt = acquire();
    await grant(more, more);

    expect(tokenOf(attempt)).toBe(proposal() + more);
  });

  it.each([2 * SKEW + 1, -2 * SKEW - 1])('does not count %i µs from the proposal', async (more) => {
    const { acquire, grant, proposal, raises } = setUp();

    const attempt = acquire();
    await grant(more, 0);
    expect(attempt.state).toBe('pending');
    await grant(undefined, undefined, 5);
    const raise = raises()[1]?.[0];
    expect(raise).toMatchObject({ fence: proposal() + 5 });
  });
});

describe('a process whose clock is wrong', () => {
  it.each([2 * SKEW + 1, -2 * SKEW - 1])(
    'asks again with the time of the nodes, %i µs away',
    async (more) => {
      const { acquire, grant, node, proposal, releases } = setUp();

      const attempt = acquire();
      const first = proposal();
      await grant(more, more + 10 * Math.sign(more));
      expect([attempt.state, releases()]).toEqual(['pending', [1, 1, 1]]);
      expect(proposal()).toBe(first + more + 5 * Math.sign(more));
      expect(node(0).requestsOf('acquire')).toMatchObject([
        { ownerToken: 'token-1' },
        { ownerToken: 'token-2' },
      ]);
      await grant(7, 7);

      expect(tokenOf(attempt)).toBe(proposal() + 7);
    },
  );

  it('goes by their time from then on', async () => {
    const { acquire, clock, grant, proposal } = setUp();

    acquire();
    await grant(10 * SKEW, 10 * SKEW);
    await grant(0, 0);
    await clock.advance(1_000);
    acquire();
    await settle();

    expect(proposal()).toBe((clock.wallNow() + 150_000) * 1_000);
  });

  it('asks again once only', async () => {
    const { acquire, grant, releases } = setUp();

    const attempt = acquire();
    await grant(3 * SKEW, 3 * SKEW);
    await grant(3 * SKEW, 3 * SKEW);

    expect(attempt.value).toMatchObject({ outcome: 'unavailable', votes: [FAR_OFF, FAR_OFF, {}] });
    expect(releases()).toEqual([2, 2, 2]);
  });

  it('hears the other nodes first when two disagree on the time', async () => {
    const { acquire, grant, proposal } = setUp(3);

    const attempt = acquire();
    const first = proposal();
    await grant(2 * SKEW + 1, -3 * SKEW);
    expect([attempt.state, proposal()]).toEqual(['pending', first]);
    await grant(undefined, undefined, -3 * SKEW - 10);
    expect(proposal()).toBe(first - 3 * SKEW - 5);
    await grant(undefined, 0, 0);

    expect(tokenOf(attempt)).toBe(proposal());
  });

  it('gives up when all disagree', async () => {
    const { acquire, grant } = setUp();

    const attempt = acquire();
    await grant(3 * SKEW, 6 * SKEW, 9 * SKEW);
    await grant(3 * SKEW, 6 * SKEW, 9 * SKEW);

    expect(attempt.value).toMatchObject({ outcome: 'unavailable', votes: [FAR_OFF, FAR_OFF, FAR_OFF] });
  });

  it('notices although one node denies', async () => {
    const { acquire, grant, node, proposal } = setUp();

    acquire();
    const first = proposal();
    await grant(3 * SKEW);
    node(1).answer('acquire', { kind: 'denied' });
    await settle();

    expect(proposal()).toBe(first + 3 * SKEW);
  });

  it('does not learn it from a node while the others say that the resource is taken', async () => {
    const { acquire, node, proposal } = setUp();
    node(0).onAsked = ({ verb, request, vote }) => {
      const { fence } = request as AcquireRequest;
      if (verb === 'acquire') vote({ ...GRANTED, fence: (fence?.proposal ?? 0) + 3 * SKEW } as never);
    };
    for (const position of [1, 2])
      node(position).onAsked = ({ vote }) => {
        vote(DENIED as never);
      };

    const attempt = acquire();
    await settle();
    expect(attempt.value).toMatchObject({ outcome: 'busy' });
    const first = proposal();
    acquire();
    await settle();

    expect(proposal()).toBe(first + 1);
  });

  it('ends a hold at once, and asks again with the next attempt', async () => {
    const { acquire, grant, node, redlock } = setUp();
    const first = acquire();
    await grant(0, 0, 0);
    const lease = first.value?.outcome === 'won' ? first.value.lease : undefined;
    if (lease === undefined) throw new Error('not won');

    const { attempt } = redlock.handOver(lease, { ttlMs: 1_000, fencing: true, atOnce: true });
    for (const position of [0, 1, 2]) node(position).answer('acquire', { ...GRANTED, fence: 1 });

    await expect(attempt).resolves.toMatchObject({ outcome: 'unavailable' });
    expect(node(0).requestsOf('acquire')).toHaveLength(2);
  });
});
