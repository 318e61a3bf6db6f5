import type { LockNode, ReleaseRequest, ReleaseVote } from '../../ports/lock-node.interface';
import { holdRound } from '../../core/round';
import { foreignKeyMessage, LockBusyError } from '../../errors/lock-busy.error';
import { LockUnavailableError } from '../../errors/lock-unavailable.error';
import type { NodeVote } from '../../errors/node-vote.interface';
import type { NodeInspection } from '../api/lock-inspection.interface';
import { LockOptionsError } from '../../errors/lock-options.error';
import { isText } from '../api/check-resources';
import { inspectNodes, type InspectionSetup } from './inspect-nodes';
import { readOptions } from '../../errors/read-options';

/** The result of removing a lock by force. */
interface ForcedRelease {
  /** The number of nodes from which it was removed. */
  readonly removedFrom: number;
  /** The type of a key of another program that a node has in place of a lock. It stays where it is. */
  readonly foreignType: string | undefined;
  /** The nodes that have it and did not say that it is removed: they refused, or did not answer in time. */
  readonly unknown: readonly NodeVote[];
}

/**
 * Removes whatever the nodes have at `resource`. It does not remove what is put there in the meantime: each node
 * deletes exactly the owner token that it told before.
 *
 * @param wanted the only owner token that is removed; undefined: whatever is there
 * @throws LockUnavailableError if no node answers
 */
export async function tryForceRelease(
  setup: InspectionSetup,
  resource: string,
  wanted?: string,
): Promise<ForcedRelease> {
  const { nodes, clock, timeoutMs } = setup;
  const startedAtMs = clock.now();
  const inspection = await inspectNodes(setup, resource);
  if (inspection.nodes.every(({ error }) => error !== undefined)) {
    throw new LockUnavailableError({
      resources: [resource],
      waitedMs: clock.now() - startedAtMs,
      votes: inspection.nodes.map(({ node, error }) => ({ node, vote: 'failed', error })),
      wanted: 'release',
    });
  }
  const found = new Map(
    nodes.map((node, position) => [node, ownersOn(inspection.nodes[position], resource, wanted)] as const),
  );
  const having = nodes.filter((node) => (found.get(node)?.length ?? 0) > 0);
  const round = await holdRound<ReleaseVote>({
    nodes: having,
    clock,
    timeoutMs,
    ask: (node, vote) => {
      removeEach(node, resource, found.get(node) ?? [], vote);
    },
    isSettled: () => false,
    onLateVote: () => {
      // The answer is too late to be counted. The key is gone all the same.
    },
  });
  const unknown = having.flatMap(({ name }, position): NodeVote[] => {
    const vote = round.votes[position];
    return vote?.kind === 'failed' ? [{ node: name, vote: 'failed', error: vote.error }] : [];
  });
  const foreignType = inspection.nodes.find((node) => node.foreignType !== undefined)?.foreignType;
  return { removedFrom: round.granted, foreignType, unknown };
}

/** An owner of the resource on one node, and the way in which it holds it. */
interface Owner {
  readonly ownerToken: string;
  readonly ttlMs: number;
  readonly as: Pick<ReleaseRequest, 'shared' | 'slots'>;
}

/** All owners on a node, each once. */
function ownersOn(
  node: NodeInspection | undefined,
  resource: string,
  wanted: string | undefined,
): readonly Owner[] {
  const { ownerToken, ttlMs = 0, holders = [] } = node ?? {};
  const owners = new Map<string, Owner>();
  if (ownerToken !== undefined) owners.set(ownerToken, { ownerToken, ttlMs, as: {} });
  for (const holder of holders) {
    const as = holder.slot === undefined ? { shared: [resource] } : { slots: 'all' as const };
    owners.set(holder.ownerToken, { ownerToken: holder.ownerToken, ttlMs: holder.ttlMs, as });
  }
  return [...owners.values()].filter((one) => wanted === undefined || one.ownerToken === wanted);
}

/** Removes all owners with one vote. It is granted if at least one was removed and none failed. */
function removeEach(
  node: LockNode,
  resource: string,
  owners: readonly Owner[],
  vote: (vote: ReleaseVote) => void,
): void {
  let outcome: ReleaseVote = { kind: 'denied' };
  let left = owners.length;
  for (const { ownerToken, ttlMs, as } of owners) {
    const request = { resources: [resource], ownerToken, wakeWaiters: true, ttlMs, ...as };
    node.release(request, (one) => {
      if (one.kind === 'failed' || outcome.kind === 'denied') outcome = one;
      left -= 1;
      if (left === 0) vote(outcome);
    });
  }
}

/**
 * Like `tryForceRelease`, but returns the number of nodes from which it was removed.
 *
 * @throws LockUnavailableError if no node answers, and if there is something but it may have been removed nowhere:
 *   0 would say that there was nothing
 * @throws LockBusyError if there is only the key of another program, which is not removed
 */
export async function forceRelease(
  setup: InspectionSetup,
  resource: string,
  wanted?: string,
): Promise<number> {
  const startedAtMs = setup.clock.now();
  const { removedFrom, foreignType, unknown } = await tryForceRelease(setup, resource, wanted);
  const waitedMs = setup.clock.now() - startedAtMs;
  if (removedFrom === 0 && unknown.length === 0 && foreignType !== undefined && wanted === undefined) {
    const why = foreignKeyMessage(resource, foreignType);
    throw new LockBusyError({ resources: [resource], waitedMs }, why);
  }
  if (removedFrom > 0 || unknown.length === 0) return removedFrom;
  throw new LockUnavailableError({ resources: [resource], waitedMs, votes: unknown, wanted: 'release' });
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
