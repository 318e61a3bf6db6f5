import type { Attempt } from '../../../lib/core/attempt';
import type { AcquireRequest, RaiseFenceRequest } from '../../../lib/ports/lock-node.interface';
import type { NodeGuard } from '../../../lib/core/node-guard';
import { Redlock } from '../../../lib/core/redlock';
import { FENCING } from '../../helpers/fleet';
import { GRANTED, ScriptedNode } from '../../helpers/scripted-node';
import { unguarded } from '../../helpers/unguarded';
import { settle, VirtualClock } from '../../helpers/virtual-clock';
import { watch, type Watched } from '../../helpers/watch';

export const TTL_MS = 1_000;
export const VALIDITY_MS = 1_000 - 12;

/** Attempts with a fencing token at nodes that answer as they are told. */
export function setUp(nodeCount = 3, guardOf: (nodes: ScriptedNode[]) => NodeGuard = unguarded) {
  const clock = new VirtualClock();
  const nodes = Array.from({ length: nodeCount }, (_, position) => new ScriptedNode(`node-${position}`));
  let tokens = 0;
  const redlock = new Redlock({
    nodes,
    clock,
    nodeTimeoutMs: 500,
    newOwnerToken: () => `token-${++tokens}`,
    fencing: FENCING,
    guard: guardOf(nodes),
  });
  const acquire = (options: { leaderFirst?: boolean } = {}) =>
    watch(redlock.acquireAsync(['order:7'], { ttlMs: TTL_MS, fencing: true, ...options }));
  const node = (position: number): ScriptedNode => nodes[position] as ScriptedNode;
  /** The proposal of the last attempt. */
  const proposal = () => (node(0).requestsOf('acquire').at(-1) as AcquireRequest).fence?.proposal ?? 0;
  /** Grants with the proposal and so much more. */
  const grant = (...ahead: (number | undefined)[]) => {
    ahead.forEach((more, position) => {
      if (more !== undefined) node(position).answer('acquire', { ...GRANTED, fence: proposal() + more });
    });
    return settle();
  };
  const raises = () => nodes.map((one) => one.requestsOf('raiseFence') as RaiseFenceRequest[]);
  const releases = () => nodes.map((one) => one.requestsOf('release').length);
  return { clock, nodes, node, redlock, acquire, grant, proposal, raises, releases };
}

export function tokenOf({ value }: Watched<Attempt>): number | undefined {
  return value?.outcome === 'won' ? value.lease.fencingToken : undefined;
}
