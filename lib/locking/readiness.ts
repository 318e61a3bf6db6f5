import type { LockNode } from '../ports/lock-node.interface';
import type { NodeGuard } from '../core/node-guard';
import { quorumOf } from '../core/quorum';
import { LockUnavailableError } from '../errors/lock-unavailable.error';
import type { NodeVote } from '../errors/node-vote.interface';
import { inspectNodes, type InspectionSetup } from './inspection/inspect-nodes';
import type { NodeInspection } from './api/lock-inspection.interface';
import type { Look } from './waiting/retries';

/** A resource that nobody locks. It is only inspected. */
const PROBE = 'nestjs-redlock:ready';

export interface ReadinessSetup extends InspectionSetup {
  readonly guard: NodeGuard;
}

/**
 * Tells if a quorum of the nodes can vote.
 *
 * @param leftMs the time that the caller still waits. The last look gives the nodes their time all the same
 */
export async function lookIfReady(
  setup: ReadinessSetup,
  leftMs: number,
  waitedMs: () => number,
): Promise<Look<void>> {
  const timeoutMs = leftMs > 0 ? Math.min(leftMs, setup.timeoutMs) : setup.timeoutMs;
  const inspection = await inspectNodes({ ...setup, timeoutMs }, PROBE);
  const votes = inspection.nodes.map((node) => voteOf(node, setup));
  const able = votes.filter(({ vote }) => vote === 'granted').length;
  return able >= quorumOf(setup.nodes.length)
    ? { result: undefined }
    : { error: new LockUnavailableError({ resources: [], waitedMs: waitedMs(), votes }) };
}

function voteOf(
  { node: name, error, guarded, refusal }: NodeInspection,
  { nodes, guard }: ReadinessSetup,
): NodeVote {
  if (error !== undefined) return { node: name, vote: 'failed', error };
  if (refusal !== undefined) return { node: name, vote: 'failed', error: refusal };
  if (guarded === undefined) return { node: name, vote: 'granted' };
  const node = nodes.find((one) => one.name === name) as LockNode;
  return { node: name, vote: 'failed', error: guard.errorFor(node) };
}
