import type { LockNode, ReleaseRequest, ReleaseVote } from '../../ports/lock-node.interface';
import { holdRound } from '../../core/round';
import { foreignKeyMessage, LockBusyError } from '../../errors/lock-busy.error';
import { LockUnavailableError } from '../../errors/lock-unavailable.error';
import type { NodeVote } from '../../errors/node-vote.interface';
import type { NodeInspection } from '../api/lock-inspection.interface';
import { LockOptionsError } from '../../errors/lock-options.error';
import { isText } from '../../errors/is-text';
import { inspectNodes, type InspectionSetup } from './inspect-nodes';
import { readOptions } from '../checks/read-options';

/** What came of removing a lock. */
interface ForcedRelease {
  /** How many nodes it was removed from. */
  readonly removedFrom: number;
  /** What a node has in place of a lock, a key of another program: it stays where it is. */
  readonly foreignType: string | undefined;
  /** The nodes that have it and did not say that it is removed: they refused, or did not answer in time. */
  readonly unknown: readonly NodeVote[];
}

/**
 * Removes whatever the nodes have at `resource`, and nothing that is put there meanwhile: each node deletes just the
 * owner token that it told before.
 *
 * @param wanted the only owner token that is removed; undefined: whatever is there
 * @throws LockUnavailableError when no node answers
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
      // Too late to be counted; the key is gone all the same.
    },
  });
  const unknown = having.flatMap(({ name }, position): NodeVote[] => {
    const vote = round.votes[position];
    return vote?.kind === 'failed' ? [{ node: name, vote: 'failed', error: vote.error }] : [];
  });
  const foreignType = inspection.nodes.find((node) => node.foreignType !== undefined)?.foreignType;
  return { removedFrom: round.granted, foreignType, unknown };
}

/** An owner of the resource on one node, and how it is held. */
interface Owner {
  readonly ownerToken: string;
  readonly ttlMs: number;
  readonly as: Pick<ReleaseRequest, 'shared' | 'slots'>;
}

/** Everybody who has it there, each once. */
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

/** Removes them all, with one vote: granted if somebody was removed and nobody could not be. */
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
 * The same, for those who want to know from how many nodes it was removed.
 *
 * @throws LockUnavailableError also when it may have been removed nowhere, though there is something: 0 would say that
 * there was nothing
 * @throws LockBusyError when there is nothing but the key of another program, which is not removed
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
