import { quorumOf } from '../../core/quorum';
import { NoAnswerError } from '../../errors/no-answer.error';
import { printable } from '../../errors/printable';
import type { LockListing, NodeLook } from '../../locking/api/lock-listing.interface';
import { showProducts } from '../../locking/api/server-products';
import type { BoardNews, BoardNode } from './board-state.interface';

/** The state of the nodes, and the number of nodes that may still fail. */
export function boardNodes(
  { nodes }: LockListing,
  at: number,
): Pick<BoardNews, 'nodes' | 'quorum' | 'mayFail'> {
  const shown = nodes.map((node) => boardNode(node, at));
  const quorum = quorumOf(nodes.length);
  // A node that cannot list its locks may grant all the same. A frozen node does not grant, although it counts as
  // up for now.
  const granting = nodes.filter(
    ({ status, guarded, refusal, error }) =>
      status === 'up' && guarded === undefined && refusal === undefined && !(error instanceof NoAnswerError),
  ).length;
  return { nodes: shown, quorum, mayFail: granting - quorum };
}

function boardNode(look: NodeLook, at: number): BoardNode {
  const { node, servers, guarded, pace } = look;
  const server = showProducts(servers);
  const { state, problem } = stateOf(look);
  return {
    node: printable(node),
    state,
    ...(server === undefined ? {} : { server: printable(server) }),
    ...(problem === undefined ? {} : { problem: printable(problem) }),
    ...(guarded === undefined || guarded.forMs === Infinity
      ? {}
      : { guardedUntil: Math.round(at + guarded.forMs) }),
    ...(pace === undefined ? {} : { roundTripMs: tenths(pace.roundTripMs) }),
    ...(pace?.clockAheadMs === undefined ? {} : { clockAheadMs: tenths(pace.clockAheadMs) }),
  };
}

function stateOf({ status, guarded, refusal, error }: NodeLook): Pick<BoardNode, 'state' | 'problem'> {
  if (status !== 'up') {
    return { state: status === 'connecting' ? 'connecting' : 'down', problem: error?.message ?? status };
  }
  if (guarded !== undefined) return { state: 'guarded', problem: guarded.reason };
  if (refusal !== undefined) return { state: 'refusing', problem: refusal.message };
  return error === undefined ? { state: 'up' } : { state: 'silent', problem: error.message };
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
