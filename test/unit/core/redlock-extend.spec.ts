import type { Lease, Extension } from '../../../lib/core/lease';
import { Redlock } from '../../../lib/core/redlock';
import { remainingMs, validityFrom } from '../../../lib/core/validity';
import { readInstant } from '../../../lib/ports/times';
import { DENIED, FAILED, GRANTED, HEALED, ScriptedNode } from '../../helpers/scripted-node';
import { FENCING } from '../../helpers/fleet';
import { unguarded } from '../../helpers/unguarded';
import { settle, VirtualClock } from '../../helpers/virtual-clock';
import { watch } from '../../helpers/watch';

const LOST = { kind: 'denied', healed: false } as const;

function setUp({ nodeCount = 3, nodeTimeoutMs = 500, ttlMs = 1_000 } = {}) {
  const clock = new VirtualClock();
  const nodes = Array.from({ length: nodeCount }, (_, position) => new ScriptedNode(`node-${position}`));
  const redlock = new Redlock({
    nodes,
    clock,
    nodeTimeoutMs,
    newOwnerToken: () => 'unused',
    fencing: FENCING,
    guard: unguarded(nodes),
  });
  const lease: Lease = {
    resources: ['order:7'],
    ownerToken: 'token',
    label: undefined,
    ttlMs,
    ...validityFrom(readInstant(clock), ttlMs),
    fencingToken: undefined,
    inherited: undefined,
    sharing: undefined,
    wasWon: true,
    releaseBegan: false,
    askedAt: -1,
    releaseAnsweredBy: 0,
    keepUntilMs: 0,
  };
  const extend = (byMs: number) => watch<Extension>(redlock.extend(lease, byMs));
  const answer = (...votes: unknown[]) => {
    votes.forEach((vote, position) => {
      if (vote !== undefined) nodes[position]?.answer('extend', vote);
    });
  };
  const node = (position: number): ScriptedNode => nodes[position] as ScriptedNode;
  return {
    clock,
    nodes,
    node,
    redlock,
    lease,
    extend,
    answer,
    leftMs: () => remainingMs(clock, lease),
  };
}

describe('an extension', () => {
  it('lasts from before its first request left, for the ttl less the drift', async () => {
    const { clock, extend, answer, leftMs } = setUp();
    await clock.advance(400);

    const extension = extend(1_000);
    clock.stall(100);
    answer(GRANTED, GRANTED);
    await settle();

    expect(extension.value?.outcome).toBe('extended');
    expect(leftMs()).toBe(988 - 100);
  });

  it('compares the owner token of the hold on every node', () => {
    const { nodes, extend } = setUp();

    extend(2_000);

    for (const node of nodes) {
      expect(node.requestsOf('extend')).toEqual([
        { resources: ['order:7'], ownerToken: 'token', ttlMs: 2_000 },
      ]);
    }
  });

  it('asks no node once the hold has expired', async () => {
    const { clock, nodes, extend } = setUp();
    await clock.advance(988);

    const extension = extend(1_000);
    await settle();

    expect(extension.value).toEqual({ outcome: 'expired', votes: [] });
    expect(nodes.flatMap(({ verbs }) => verbs)).toEqual([]);
  });

  it('asks no node once the wall clock says that the hold has expired', async () => {
    const { clock, nodes, extend } = setUp();
    clock.suspend(988);

    const extension = extend(1_000);
    await settle();

    expect(extension.value?.outcome).toBe('expired');
    expect(nodes.flatMap(({ verbs }) => verbs)).toEqual([]);
  });

  it('that is confirmed after the validity has ended is none, although a majority granted it', async () => {
    const { clock, extend, answer, leftMs } = setUp({ nodeTimeoutMs: 5_000 });
    await clock.advance(900);

    const extension = extend(1_000);
    clock.stall(88);
    answer(GRANTED, GRANTED, GRANTED);
    await settle();

    expect(extension.value?.outcome).toBe('expired');
    expect(leftMs()).toBe(0);
  });

  it('gives up at the end of the validity, although the node timeout is longer', async () => {
    const { clock, extend } = setUp({ nodeTimeoutMs: 5_000 });
    await clock.advance(900);

    const extension = extend(1_000);
    await clock.advance(88);

    expect(extension.value?.outcome).toBe('expired');
  });

  it('gives up at the end of a shorter ttl that it asked for', async () => {
    const { clock, extend } = setUp({ nodeTimeoutMs: 500, ttlMs: 10_000 });

    const extension = extend(100);
    await clock.advance(97);

    expect(extension.value?.outcome).toBe('expired');
  });

  it('with a shorter ttl counts at once, before any node answered', () => {
    const { extend, leftMs } = setUp({ ttlMs: 10_000 });

    extend(1_000);

    expect(leftMs()).toBe(988);
  });

  it('with a shorter ttl still counts when too few nodes answered', async () => {
    const { extend, answer, leftMs } = setUp({ ttlMs: 10_000 });

    const extension = extend(1_000);
    answer(GRANTED, FAILED, FAILED);
    await settle();

    expect(extension.value?.outcome).toBe('unknown');
    expect(leftMs()).toBe(988);
  });

  it('with a longer ttl that too few nodes answered leaves the validity as it was', async () => {
    const { extend, answer, leftMs } = setUp();

    const extension = extend(10_000);
    answer(GRANTED, FAILED, FAILED);
    await settle();

    expect(extension.value).toMatchObject({ outcome: 'unknown' });
    expect(leftMs()).toBe(988);
  });

  it('remembers the largest ttl that a node may have applied, for a later clean-up', async () => {
    const { clock, node, redlock, lease, extend, answer } = setUp();
    extend(10_000);
    answer(FAILED, FAILED);
    await settle();

    void redlock.releaseAsync(lease);
    await clock.advance(0);

    expect(node(0).requestsOf('release')[0]).toMatchObject({ ttlMs: 10_000 });
  });

  it('is gone as soon as a majority says so, while the third node is silent', async () => {
    const { extend, answer } = setUp();

    const extension = extend(1_000);
    answer(LOST, undefined, LOST);
    await settle();

    expect(extension.value).toMatchObject({
      outcome: 'gone',
      votes: [{ vote: 'denied' }, { vote: 'pending' }, { vote: 'denied' }],
    });
  });

  it('does not count a node that got its key back: two healed of three are gone', async () => {
    const { extend, answer } = setUp();

    const extension = extend(1_000);
    answer(HEALED, HEALED, GRANTED);
    await settle();

    expect(extension.value?.outcome).toBe('gone');
  });

  it('succeeds with one healed of three, on the votes of the two others', async () => {
    const { extend, answer } = setUp();

    const extension = extend(1_000);
    answer(HEALED, GRANTED, GRANTED);
    await settle();

    expect(extension.value?.outcome).toBe('extended');
  });

  it.each([
    ['one vote each way and one failure', [GRANTED, LOST, FAILED]],
    ['two failures', [FAILED, FAILED]],
    ['one denial and two failures', [LOST, FAILED, FAILED]],
  ])('cannot tell with %s of three, and the hold stays as it was', async (_, votes) => {
    const { extend, answer, leftMs } = setUp();

    const extension = extend(1_000);
    answer(...votes);
    await settle();

    expect(extension.value?.outcome).toBe('unknown');
    expect(leftMs()).toBe(988);
  });

  it('goes on asking while a failed and a denying node of three leave both ends possible', async () => {
    const { extend, answer } = setUp();

    const extension = extend(1_000);
    answer(LOST, FAILED);
    await settle();
    expect(extension.state).toBe('pending');
    answer(undefined, undefined, LOST);
    await settle();

    expect(extension.value?.outcome).toBe('gone');
  });

  it('asks no node after the release began', async () => {
    const { node, redlock, lease, extend } = setUp({ nodeCount: 1 });
    void redlock.releaseAsync(lease);

    const extension = extend(1_000);
    await settle();

    expect(extension.value?.outcome).toBe('expired');
    expect(node(0).verbs).toEqual(['release']);
  });

  it('that heals a node after the release began is undone there', async () => {
    const { redlock, lease, extend, answer, node } = setUp();
    extend(1_000);
    answer(GRANTED, GRANTED);
    await settle();
    void redlock.releaseAsync(lease);

    node(2).answer('extend', HEALED);

    expect(node(2).verbs).toEqual(['extend', 'release', 'release']);
  });

  it('that heals a node late, while it is held, stands', async () => {
    const { extend, answer, node } = setUp();
    extend(1_000);
    answer(GRANTED, GRANTED);
    await settle();

    node(2).answer('extend', HEALED);

    expect(node(2).verbs).toEqual(['extend']);
  });

  it('of a hold on a denying node of one is gone', async () => {
    const { extend, answer } = setUp({ nodeCount: 1 });

    const extension = extend(1_000);
    answer(DENIED);
    await settle();

    expect(extension.value?.outcome).toBe('gone');
  });
});
