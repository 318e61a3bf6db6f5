import type { Lease } from '../../../lib/core/lease';
import { Redlock } from '../../../lib/core/redlock';
import { validityFrom } from '../../../lib/core/validity';
import { readInstant } from '../../../lib/ports/times';
import { DENIED, FAILED, GRANTED, ScriptedNode } from '../../helpers/scripted-node';
import { FENCING } from '../../helpers/fleet';
import { unguarded } from '../../helpers/unguarded';
import { settle, VirtualClock } from '../../helpers/virtual-clock';
import { watch } from '../../helpers/watch';

function setUp(nodeCount = 3) {
  const clock = new VirtualClock();
  const nodes = Array.from({ length: nodeCount }, (_, position) => new ScriptedNode(`node-${position}`));
  const redlock = new Redlock({
    nodes,
    clock,
    nodeTimeoutMs: 500,
    newOwnerToken: () => 'unused',
    fencing: FENCING,
    guard: unguarded(nodes),
  });
  const lease: Lease = {
    resources: ['order:7'],
    ownerToken: 'token',
    label: undefined,
    ttlMs: 1_000,
    ...validityFrom(readInstant(clock), 1_000),
    fencingToken: undefined,
    inherited: undefined,
    sharing: undefined,
    wasWon: true,
    releaseBegan: false,
    askedAt: -1,
    releaseAnsweredBy: 0,
    keepUntilMs: 0,
  };
  const answer = (...votes: unknown[]) => {
    votes.forEach((vote, position) => {
      if (vote !== undefined) nodes[position]?.answer('release', vote);
    });
  };
  return { clock, nodes, redlock, lease, answer };
}

describe('a release', () => {
  it('compares the owner token on all nodes and wakes those who wait', () => {
    const { nodes, redlock, lease } = setUp();

    void redlock.releaseAsync(lease);

    for (const node of nodes) {
      expect(node.requestsOf('release')).toEqual([
        { resources: ['order:7'], ownerToken: 'token', wakeWaiters: true, ttlMs: 1_000 },
      ]);
    }
  });

  it.each([
    ['released', 'two of three removed it', [GRANTED, GRANTED]],
    ['expired', 'two of three did not have it', [DENIED, undefined, DENIED]],
    ['unknown', 'two of three failed', [FAILED, FAILED]],
    ['unknown', 'one removed it, one did not have it, one failed', [GRANTED, DENIED, FAILED]],
  ])('is %s when %s', async (outcome, _, votes) => {
    const { redlock, lease, answer } = setUp();

    const release = watch(redlock.releaseAsync(lease));
    answer(...votes);
    await settle();

    expect(release.value?.outcome).toBe(outcome);
  });

  it('waits no longer than the node timeout for silent nodes', async () => {
    const { clock, redlock, lease } = setUp();

    const release = watch(redlock.releaseAsync(lease));
    await clock.advance(500);

    expect(release.value?.outcome).toBe('unknown');
    expect(clock.pendingTimers).toBe(0);
  });

  it('of an expired hold is sent all the same: a node may keep it for longer than it counts', () => {
    const { clock, nodes, redlock, lease } = setUp();
    clock.stall(5_000);

    void redlock.releaseAsync(lease);

    expect(nodes.map(({ verbs }) => verbs)).toEqual([['release'], ['release'], ['release']]);
  });

  it('that keeps the key says for how long, and until when a node that is down may clean up', () => {
    const { nodes, redlock, lease } = setUp(1);

    void redlock.releaseAsync(lease, 30_000);

    expect(nodes[0]?.requestsOf('release')[0]).toMatchObject({ keepMs: 30_000, ttlMs: 30_000 });
  });

  it.each([0, -5])('with %i ms to keep the key removes it', (keepMs) => {
    const { nodes, redlock, lease } = setUp(1);

    void redlock.releaseAsync(lease, keepMs);

    expect(nodes[0]?.requestsOf('release')[0]).not.toHaveProperty('keepMs');
  });
});
