import type { AcquireRequest, ReleaseRequest } from '../../../lib/ports/lock-node.interface';
import { Redlock } from '../../../lib/core/redlock';
import { DENIED, FAILED, GRANTED, HEALED, ScriptedNode } from '../../helpers/scripted-node';
import { FENCING } from '../../helpers/fleet';
import { unguarded } from '../../helpers/unguarded';
import { settle, VirtualClock } from '../../helpers/virtual-clock';
import { watch } from '../../helpers/watch';

const TTL_MS = 10_000;
const VALID_MS = TTL_MS * 0.99 - 2;

async function held() {
  const clock = new VirtualClock();
  const nodes = ['a', 'b', 'c'].map((name) => new ScriptedNode(name));
  let tokens = 0;
  const redlock = new Redlock({
    nodes,
    clock,
    nodeTimeoutMs: 500,
    newOwnerToken: () => `token-${++tokens}`,
    fencing: FENCING,
    guard: unguarded(nodes),
  });
  const attempt = redlock.acquireAsync(['r'], { ttlMs: TTL_MS });
  for (const node of nodes) node.answer('acquire', GRANTED);
  const won = await attempt;
  if (won.outcome !== 'won') throw new Error('not won');
  const { lease } = won;
  const handOver = (options: { ttlMs?: number; fencing?: boolean; atOnce?: boolean } = {}) => {
    const { attempt, release } = redlock.handOver(lease, {
      ttlMs: TTL_MS,
      fencing: false,
      atOnce: false,
      ...options,
    });
    return { attempt: watch(attempt), release: watch(release) };
  };
  const answer = (verb: 'acquire' | 'extend', votes: readonly (object | undefined)[]) => {
    votes.forEach((vote, i) => {
      if (vote !== undefined) nodes[i]?.answer(verb, vote);
    });
  };
  const released = (position: number) =>
    ((nodes[position]?.requestsOf('release') ?? []) as ReleaseRequest[]).map(({ ownerToken }) => ownerToken);
  const takeOver = async (options: { ttlMs?: number; atOnce?: boolean } = {}) => {
    const { attempt, release } = handOver({ atOnce: true, ...options });
    await settle();
    if (attempt.value?.outcome !== 'won') throw new Error('did not begin at once');
    return { next: attempt.value.lease, confirmation: attempt.value.confirmation, release };
  };
  return { clock, nodes, redlock, lease, handOver, takeOver, answer, released };
}

describe('a hold that takes over another', () => {
  it.each([
    ['released', 'won', [GRANTED, GRANTED, GRANTED]],
    ['released', 'won', [GRANTED, GRANTED, FAILED]],
    ['released', 'won', [GRANTED, GRANTED, HEALED]],
    ['expired', 'busy', [HEALED, HEALED, GRANTED]],
    ['expired', 'busy', [DENIED, DENIED, GRANTED]],
    ['unknown', 'unavailable', [DENIED, GRANTED, FAILED]],
    ['unknown', 'unavailable', [GRANTED, FAILED, FAILED]],
  ] as const)('tells that the old one is %s, and the new one %s, by %j', async (released, outcome, votes) => {
    const { handOver, answer } = await held();

    const { attempt, release } = handOver();
    await settle();
    expect(attempt.state).toBe('pending');
    answer('extend', votes);
    await settle();

    expect(release.value?.outcome).toBe(released);
    expect(attempt.value?.outcome).toBe(outcome);
  });

  it('writes its own token in the place of the old one', async () => {
    const { nodes, lease, takeOver } = await held();

    const { next } = await takeOver({ ttlMs: 8_000 });

    for (const node of nodes)
      expect(node.requestsOf('extend')).toEqual([
        { resources: ['r'], ownerToken: next.ownerToken, ttlMs: 8_000, replaces: lease.ownerToken },
      ]);
    expect(next.ownerToken).not.toBe(lease.ownerToken);
  });

  it('has both tokens released when nobody answers and the successor waited', async () => {
    const { clock, handOver, released } = await held();

    const { attempt, release } = handOver();
    await clock.advance(500);

    expect(release.value?.outcome).toBe('unknown');
    expect(attempt.value?.outcome).toBe('unavailable');
    // Either may be there.
    for (const position of [0, 1, 2]) expect(released(position).sort()).toEqual(['token-1', 'token-2']);
  });

  describe('and begins at once', () => {
    it('lasts no longer than the old one until a quorum has confirmed it', async () => {
      const { clock, lease, takeOver, answer } = await held();
      await clock.advance(3_000);
      const endMs = lease.validUntilMs;

      const { next, confirmation } = await takeOver();
      const startMs = clock.now();
      answer('extend', [GRANTED]);
      await settle();
      expect(next.validUntilMs).toBe(endMs);
      await clock.advance(10);
      answer('extend', [undefined, GRANTED]);
      await confirmation;

      expect(next.validUntilMs).toBeCloseTo(startMs + VALID_MS);
    });

    it('lasts no longer than its own ttl, which nodes may have been told', async () => {
      const { clock, takeOver } = await held();

      const { next } = await takeOver({ ttlMs: 1_000 });

      expect(next.validUntilMs).toBeCloseTo(clock.now() + 1_000 * 0.99 - 2);
    });

    it('goes on when too few nodes answer, and asks again under both tokens', async () => {
      const { clock, nodes, redlock, lease, takeOver, answer, released } = await held();
      const { next, confirmation } = await takeOver();
      answer('extend', [GRANTED]);
      await clock.advance(500);
      await expect(confirmation).resolves.toMatchObject({ outcome: 'unknown' });
      expect(next).toMatchObject({
        validUntilMs: lease.validUntilMs,
        validUntilWallMs: lease.validUntilWallMs,
      });
      for (const position of [0, 1, 2]) expect(released(position)).toEqual([]);

      const again = redlock.extend(next, TTL_MS);
      for (const node of nodes)
        expect(node.requestsOf('extend').at(-1)).toMatchObject({ replaces: lease.ownerToken });
      answer('extend', [GRANTED, GRANTED, FAILED]);
      await expect(again).resolves.toMatchObject({ outcome: 'extended' });
      await settle();

      expect([0, 1, 2].map(released)).toEqual([[], [], [lease.ownerToken]]);
      void redlock.extend(next, TTL_MS);
      expect(nodes[0]?.requestsOf('extend').at(-1)).toMatchObject({ replaces: undefined });
    });

    it('removes the old one from a node that fails after the others have decided', async () => {
      const { lease, takeOver, answer, released } = await held();
      const { confirmation } = await takeOver();
      answer('extend', [GRANTED, GRANTED]);
      await confirmation;
      expect(released(2)).toEqual([]);

      answer('extend', [undefined, undefined, FAILED]);

      expect(released(2)).toEqual([lease.ownerToken]);
    });

    it('leaves the old one on a node that fails late while nobody has confirmed the new one', async () => {
      const { clock, takeOver, answer, released } = await held();
      await takeOver();
      await clock.advance(500);

      answer('extend', [undefined, undefined, FAILED]);

      expect(released(2)).toEqual([]);
    });

    it('is released under both tokens when nobody has confirmed it, and nobody knows what became of it', async () => {
      const { clock, nodes, redlock, lease, takeOver, released } = await held();
      const { next } = await takeOver();
      await clock.advance(500);

      const release = watch(redlock.releaseAsync(next));
      for (const node of nodes) {
        node.asked
          .filter(({ verb, request }) => verb === 'release' && request.ownerToken === next.ownerToken)
          .forEach(({ vote }) => {
            vote(DENIED as never);
          });
      }
      await settle();

      for (const position of [0, 1, 2])
        expect(released(position)).toEqual([next.ownerToken, lease.ownerToken]);
      expect(release.value?.outcome).toBe('unknown');
    });

    it('is kept under both tokens when it has to be', async () => {
      const { clock, nodes, redlock, takeOver } = await held();
      const { next } = await takeOver();
      await clock.advance(500);

      void redlock.releaseAsync(next, 2_000);

      for (const node of nodes)
        expect(node.requestsOf('release')).toMatchObject([{ keepMs: 2_000 }, { keepMs: 2_000 }]);
    });

    it('is gone when a quorum does not have the old one any more', async () => {
      const { takeOver, answer } = await held();
      const taken = await takeOver();

      answer('extend', [HEALED, DENIED]);

      await expect(taken.confirmation).resolves.toMatchObject({ outcome: 'gone' });
      expect(taken.release.value?.outcome).toBe('expired');
    });
  });
});

describe('a hold with a fence that takes the place of another', () => {
  async function replacing() {
    const set = await held();
    const { attempt, release } = set.handOver({ fencing: true, atOnce: true });
    const asked = set.nodes[0]?.requestsOf('acquire').at(-1) as AcquireRequest | undefined;
    const numbered = { ...GRANTED, fence: asked?.fence?.proposal };
    return { ...set, attempt, release, numbered, replaced: { ...numbered, replaced: true } };
  }

  it.each([
    ['released', 'won', ['replaced', 'replaced', 'replaced']],
    ['released', 'won', ['replaced', 'replaced', 'failed']],
    ['expired', 'won', ['granted', 'granted', 'replaced']],
    ['unknown', 'won', ['granted', 'replaced', 'failed']],
    ['expired', 'busy', ['denied', 'denied', 'replaced']],
    ['unknown', 'busy', ['denied', 'replaced', 'failed']],
    ['unknown', 'unavailable', ['replaced', 'failed', 'failed']],
  ] as const)('tells that the old one is %s, and the new one %s, by %j', async (released, outcome, votes) => {
    const { attempt, release, answer, numbered, replaced } = await replacing();
    const meaning = { replaced, granted: numbered, denied: DENIED, failed: FAILED };

    await settle();
    expect(attempt.state).toBe('pending');
    answer(
      'acquire',
      votes.map((vote) => meaning[vote]),
    );
    await settle();

    expect(release.value?.outcome).toBe(released);
    expect(attempt.value?.outcome).toBe(outcome);
  });

  it.each([
    ['released', 'replaced'],
    ['expired', 'granted'],
    ['unknown', 'failed'],
    ['unknown', undefined],
  ] as const)(
    'tells that the old one is %s when the last node, which comes after the new one is won, says %s',
    async (released, last) => {
      const { clock, attempt, release, answer, nodes, numbered, replaced } = await replacing();
      const asked = nodes[2]?.asked.at(-1);
      const meaning = { replaced, granted: numbered, failed: FAILED };

      answer('acquire', [replaced, numbered]);
      await settle();
      expect(attempt.value?.outcome).toBe('won');
      expect(release.state).toBe('pending');

      if (last === undefined) await clock.advance(500);
      else asked?.vote(meaning[last] as never);
      await settle();

      expect(release.value?.outcome).toBe(released);
    },
  );

  it('does not know of the old one, and has no new one, when nobody answers', async () => {
    const { clock, attempt, release, released } = await replacing();

    await clock.advance(500);

    expect(release.value?.outcome).toBe('unknown');
    expect(attempt.value?.outcome).toBe('unavailable');
    // Both tokens, since either may be there.
    for (const position of [0, 1, 2]) expect(released(position).sort()).toEqual(['token-1', 'token-2']);
  });

  it.each([
    ['wakes those who wait when it did not get through, since the old hold ends', 'failed', true],
    ['wakes nobody when it has the resource', 'replaced', false],
  ] as const)('%s', async (_, second, isWoken) => {
    const { nodes, answer, replaced } = await replacing();

    answer('acquire', [replaced, second === 'failed' ? FAILED : replaced, FAILED]);
    await settle();

    const requests = nodes.flatMap((node) => node.requestsOf('release')) as ReleaseRequest[];
    expect(requests.length).toBeGreaterThan(0);
    expect(requests.map(({ wakeWaiters }) => wakeWaiters)).toEqual(requests.map(() => isWoken));
  });
});

describe('a hold that is handed over', () => {
  it.each([true, false])(
    'is extended by nobody, not even while the nodes are asked (fencing %p)',
    async (fencing) => {
      const { nodes, redlock, lease, handOver } = await held();

      handOver({ fencing });
      const before = nodes.map((node) => node.requestsOf('extend').length);
      const extension = await redlock.extend(lease, TTL_MS);

      expect(extension.outcome).toBe('expired');
      expect(nodes.map((node) => node.requestsOf('extend').length)).toEqual(before);
    },
  );

  it('is removed where it is put back late', async () => {
    const { nodes, redlock, lease, takeOver, answer, released } = await held();
    const extending = redlock.extend(lease, TTL_MS);
    answer('extend', [GRANTED, GRANTED]);
    await extending;
    const late = nodes[2]?.asked.at(-1);
    const { confirmation } = await takeOver();
    answer('extend', [GRANTED, GRANTED]);
    await confirmation;
    expect(released(2)).toEqual([]);

    late?.vote(HEALED as never);

    expect(released(2)).toEqual([lease.ownerToken]);
  });
});
