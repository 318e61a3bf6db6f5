import type { ReleaseVote } from '../../ports/lock-node.interface';
import { holdRound } from '../../core/round';
import { LockUnavailableError } from '../../errors/lock-unavailable.error';
import { LockOptionsError } from '../../errors/lock-options.error';
import { isText } from '../../errors/is-text';
import { inspectNodes, type InspectionSetup } from './inspect-nodes';
import { readOptions } from '../checks/read-options';

/**
 * Removes whatever the nodes have at `resource`, and nothing that is put there meanwhile: each node deletes just the
 * owner token that it told before.
 *
 * @param wanted the only owner token that is removed; undefined: whatever is there
 * @returns how many nodes it was removed from
 */
export async function forceRelease(
  setup: InspectionSetup,
  resource: string,
  wanted?: string,
): Promise<number> {
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
  const isWanted = (owner: string | undefined) =>
    owner !== undefined && (wanted === undefined || owner === wanted);
  const found = new Map(nodes.map((node, position) => [node, inspection.nodes[position]]));
  const round = await holdRound<ReleaseVote>({
    nodes: nodes.filter((node) => isWanted(found.get(node)?.ownerToken)),
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

/** Options of `forceRelease`. */
export interface ForceReleaseOptions {
  /**
   * Removes the lock of this owner only, such as that of a ticket which nobody will resume; whoever has it since keeps it.
   *
   * @default whatever the nodes have
   */
  ownerToken?: string;
}

/** @throws LockOptionsError */
export function ownerTokenIn(given: unknown): string | undefined {
  if (given === undefined) return undefined;
  const { ownerToken } = readOptions(given, ['ownerToken'], {
    name: 'options',
    what: ' with an ownerToken',
    each: 'an option of forceRelease()',
  });
  if (ownerToken === undefined || (isText(ownerToken) && ownerToken !== '')) return ownerToken;
  throw new LockOptionsError('ownerToken', 'must be the owner token of a lock, a string.');
}
