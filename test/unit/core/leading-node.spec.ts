import type { NodeGuard } from '../../../lib/core/node-guard';
import type { SilentNodes } from '../../../lib/core/silent-nodes';
import { LeadingNode } from '../../../lib/core/leading-node';
import { NewLease } from '../../../lib/core/new-lease';
import { Redlock } from '../../../lib/core/redlock';
import { Refusals } from '../../../lib/core/refusals';
import type { FaultyNode } from '../../helpers/faulty-node';
import { FENCING, Fleet } from '../../helpers/fleet';
import { DENIED, GRANTED, ScriptedNode } from '../../helpers/scripted-node';
import { unguarded } from '../../helpers/unguarded';
import { settle, VirtualClock } from '../../helpers/virtual-clock';
import { watch } from '../../helpers/watch';

const NODE_TIMEOUT_MS = 500;

function redlockOn(nodes: readonly ScriptedNode[]) {
  const clock = new VirtualClock();
  let tokens = 0;
  const redlock = new Redlock({
    nodes,
    clock,
    nodeTimeoutMs: NODE_TIMEOUT_MS,
    newOwnerToken: () => `token-${++tokens}`,
    fencing: FENCING,
    guard: unguarded(nodes),
  });
  return {
    clock,
    redlock,
    contend: () =>
      watch(redlock.acquireAsync(['a'], { ttlMs: 10_000, isContended: true, leaderFirst: true })),
  };
}

const scripted = (...names: string[]) => names.map((name) => new ScriptedNode(name));

describe('a contended attempt', () => {
  it('asks the first node by name alone, in every order of the nodes', async () => {
    const nodes = scripted('c', 'a', 'b');
    const { contend } = redlockOn(nodes);

    contend();
    await settle();

    expect(nodes.map(({ asked }) => asked.length)).toEqual([0, 1, 0]);
  });

  it('asks nobody else, and gives nothing back, when that one denies', async () => {
    const nodes = scripted('a', 'b', 'c');
    const { contend } = redlockOn(nodes);
    const attempt = contend();
    await settle();

    nodes[0]?.answer('acquire', { ...DENIED, holderTtlMs: 70, holder: 'anna' });
    await settle();

    expect(attempt.value).toMatchObject({ outcome: 'busy', freeInMs: 70, holder: 'anna' });
    expect(nodes.map(({ verbs }) => verbs)).toEqual([['acquire'], [], []]);
  });

  it('goes on to the others when that one grants, and asks it no second time', async () => {
    const nodes = scripted('a', 'b', 'c');
    const { contend } = redlockOn(nodes);
    const attempt = contend();
    await settle();

    nodes[0]?.answer('acquire', GRANTED);
    await settle();
    expect(nodes.map(({ verbs }) => verbs)).toEqual([['acquire'], ['acquire'], ['acquire']]);
    nodes[2]?.answer('acquire', GRANTED);
    await settle();

    expect(attempt.value).toMatchObject({ outcome: 'won' });
    expect(
      new Set(nodes.flatMap((node) => node.requestsOf('acquire')).map(({ ownerToken }) => ownerToken)).size,
    ).toBe(1);
  });

  it('counts its validity from before the first node was asked', async () => {
    const nodes = scripted('a', 'b', 'c');
    const { clock, contend } = redlockOn(nodes);
    const attempt = contend();
    await clock.advance(40);
    nodes[0]?.answer('acquire', GRANTED);
    await settle();
    nodes[1]?.answer('acquire', GRANTED);
    await settle();

    const { value } = attempt;
    if (value?.outcome !== 'won') throw new Error('not won');
    expect(value.lease.validUntilMs - clock.now()).toBeCloseTo(10_000 * 0.99 - 2 - 40);
  });

  it('gives the leader back what it granted when the others deny', async () => {
    const nodes = scripted('a', 'b', 'c');
    const { contend } = redlockOn(nodes);
    const attempt = contend();
    await settle();
    nodes[0]?.answer('acquire', GRANTED);
    await settle();

    nodes[1]?.answer('acquire', DENIED);
    nodes[2]?.answer('acquire', DENIED);
    await settle();

    expect(attempt.value).toMatchObject({ outcome: 'busy' });
    expect(nodes.map(({ verbs }) => verbs)).toEqual([['acquire', 'release'], ['acquire'], ['acquire']]);
  });

  it('is won without a leader that is silent, which gets no time that the others need', async () => {
    const nodes = scripted('a', 'b', 'c');
    const { clock, contend } = redlockOn(nodes);
    const attempt = contend();

    await clock.advance(NODE_TIMEOUT_MS / 10);
    nodes[1]?.answer('acquire', GRANTED);
    nodes[2]?.answer('acquire', GRANTED);
    await settle();

    expect(attempt.value).toMatchObject({ outcome: 'won' });
  });

  it('leaves to its release what a silent leader grants late', async () => {
    const nodes = scripted('a', 'b', 'c');
    const { clock, redlock, contend } = redlockOn(nodes);
    const attempt = contend();
    await clock.advance(NODE_TIMEOUT_MS / 10);
    nodes[1]?.answer('acquire', GRANTED);
    nodes[2]?.answer('acquire', GRANTED);
    await settle();

    nodes[0]?.answer('acquire', GRANTED);
    expect(nodes[0]?.verbs).toEqual(['acquire']);
    if (attempt.value?.outcome !== 'won') throw new Error('not won');
    void redlock.releaseAsync(attempt.value.lease);

    expect(nodes[0]?.verbs).toEqual(['acquire', 'release']);
  });

  it('releases what a silent leader grants after the attempt was lost', async () => {
    const nodes = scripted('a', 'b', 'c');
    const { clock, contend } = redlockOn(nodes);
    contend();
    await clock.advance(NODE_TIMEOUT_MS / 10);
    nodes[1]?.answer('acquire', DENIED);
    nodes[2]?.answer('acquire', DENIED);
    await settle();
    const before = nodes[0]?.requestsOf('release').length ?? 0;

    nodes[0]?.answer('acquire', GRANTED);

    expect(nodes[0]?.requestsOf('release')).toHaveLength(before + 1);
  });
});

describe('the leading node', () => {
  it('is the next one while the first is silent, and the first again when it has answered', async () => {
    const nodes = scripted('a', 'b', 'c');
    const { clock, redlock, contend } = redlockOn(nodes);
    contend();
    await clock.advance(NODE_TIMEOUT_MS / 10);
    expect(redlock.leadingNode?.name).toBe('b');

    nodes[0]?.answer('acquire', DENIED);

    expect(redlock.leadingNode?.name).toBe('a');
  });

  it('is the next one while the first is down, and none when all are', () => {
    const fleet = new Fleet(3);
    const leader = new LeadingNode({ nodes: fleet.nodes, guard: unguarded(fleet.nodes) });
    const seen: (string | undefined)[] = [leader.current?.name];

    for (const node of fleet.nodes) {
      node.refuse();
      seen.push(leader.current?.name);
    }
    fleet.node(0).recover();

    expect([...seen, leader.current?.name]).toEqual(['a', 'b', 'c', undefined, 'a']);
  });

  it('is the next one while the first answers and refuses to grant', async () => {
    const { nodes, clock } = new Fleet(3);
    const refusals = new Refusals({
      nodes,
      clock,
      nodeTimeoutMs: NODE_TIMEOUT_MS,
      newOwnerToken: () => 'trial',
      onChange: () => undefined,
    });
    const leader = new LeadingNode({ nodes, guard: unguarded(nodes), refusals });
    const [first] = nodes as [FaultyNode];
    first.fault = 'full';
    await refusals.look('anything');
    expect(leader.current?.name).toBe('b');

    first.recover();
    await clock.advance(1_000);

    expect(leader.current?.name).toBe('a');
    refusals.stop();
  });

  it('is the next one while the first is guarded', () => {
    const { nodes } = new Fleet(3);
    const [first] = nodes;
    const guard = { isIdle: false, reasonFor: (node: unknown) => (node === first ? 'restarted' : undefined) };
    const leader = new LeadingNode({ nodes, guard: guard as unknown as NodeGuard });

    expect(leader.current?.name).toBe('b');
  });

  it('is the next one while the first is silent in the rounds of all', () => {
    const { nodes } = new Fleet(3);
    const silence = { skips: (position: number) => position === 0 } as unknown as SilentNodes;
    const leader = new LeadingNode({ nodes, guard: unguarded(nodes), silence });

    expect(leader.current?.name).toBe('b');
  });

  it('passes a late vote on also to one who asks for it after it has come', async () => {
    const nodes = scripted('a');
    const clock = new VirtualClock();
    const leader = new LeadingNode({ nodes, guard: unguarded(nodes) });
    const callContext = {
      nodes,
      clock,
      timeoutMs: NODE_TIMEOUT_MS,
      guard: unguarded(nodes),
      refusals: undefined,
    };
    const lease = new NewLease(['a'], 'token', undefined, 10_000, {
      validUntilMs: Infinity,
      validUntilWallMs: Infinity,
    });
    const asking = leader.ask({ ...callContext, silence: undefined, cleanUpLate: () => undefined }, lease, {
      resources: ['a'],
      ownerToken: 'token',
      ttlMs: 10_000,
      askHolderTtl: true,
    });
    await clock.advance(NODE_TIMEOUT_MS / 10);
    const known = await asking;
    nodes[0]?.answer('acquire', GRANTED);

    const heard: unknown[] = [];
    if (known !== undefined && 'whenItComes' in known) known.whenItComes((vote) => heard.push(vote));

    expect(heard).toEqual([GRANTED]);
  });

  it('leads again although it threw instead of voting', async () => {
    const nodes = scripted('a', 'b', 'c');
    const { redlock, contend } = redlockOn(nodes);
    const [first] = nodes as [ScriptedNode];
    first.onAsked = () => {
      throw new Error('a mistake in the node');
    };
    contend();
    await settle();
    first.onAsked = undefined;

    expect(redlock.leadingNode?.name).toBe('a');
  });
});
