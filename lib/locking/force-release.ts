import type { ReleaseVote } from '../core/lock-node.interface';
import { holdRound } from '../core/round';
import { LockUnavailableError } from '../errors/lock-unavailable.error';
import { inspectNodes, type InspectionSetup } from './inspect-nodes';

/**
 * Removes whatever the nodes have at `resource`, and nothing that is put there meanwhile: each node deletes just the
 * owner token that it told before.
 *
 * @returns how many nodes it was removed from
 */
export async function forceRelease(setup: InspectionSetup, resource: string): Promise<number> {
  const { nodes, clock, timeoutMs } = setup;
  const startedAtMs = clock.now();
  const inspection = await inspectNodes(setup, resource);
  if (inspection.nodes.every(({ error }) => error !== undefined)) {
    throw new LockUnavailableError({
      resources: [resource],
      waitedMs: clock.now() - startedAtMs,
      votes: inspection.nodes.map(({ node, error }) => ({ node, vote: 'failed', error })),
    });
  }
  const found = new Map(nodes.map((node, position) => [node, inspection.nodes[position]]));
  const round = await holdRound<ReleaseVote>({
    nodes: nodes.filter((node) => found.get(node)?.ownerToken !== undefined),
    clock,
    timeoutMs,
    ask: (node, vote) => {
      const { ownerToken = '', ttlMs = 0 } = found.get(node) ?? {};
      node.release({ resources: [resource], ownerToken, wakeWaiters: true, ttlMs }, vote);
    },
    isSettled: () => false,
    onLateVote: () => {
      // Too late to be counted; the key is gone all the same.
    },
  });
  return round.granted;
}
