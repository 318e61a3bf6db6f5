import type { Clock } from '../../lib/ports/clock.interface';
import type {
  AcquireRequest,
  AcquireVote,
  ExtendRequest,
  ExtendVote,
  FailedVote,
  RaiseFenceRequest,
  RaiseFenceVote,
  ReleaseRequest,
  ReleaseVote,
} from '../../lib/ports/lock-node.interface';
import type { Plan } from './plan';
import type { SimulatedNode } from './simulated-node';

/** Where the world can be changed around the code under test, to see whether anybody notices. */
export interface Rules {
  clock(clock: Clock): Clock;
  ownerTokens(next: () => string): { next: () => string; won: () => void };
  nodeAcquire(node: SimulatedNode, request: AcquireRequest, vote: (vote: AcquireVote) => void): void;
  nodeExtend(node: SimulatedNode, request: ExtendRequest, vote: (vote: ExtendVote) => void): void;
  nodeRelease(node: SimulatedNode, request: ReleaseRequest, vote: (vote: ReleaseVote) => void): void;
  nodeRaiseFence(node: SimulatedNode, request: RaiseFenceRequest, vote: (vote: RaiseFenceVote) => void): void;
  restartGuard(plan: Plan): 'observed' | 'strict' | false;
  extendVote(vote: ExtendVote | FailedVote): ExtendVote | FailedVote;
  /** When a reader or a permit ends by the clock of the master to which its slot has moved. */
  movedEndMs(endMs: number, aheadMs: number): number;
}

export const RULES: Rules = {
  clock: (clock) => clock,
  ownerTokens: (next) => ({ next, won: () => undefined }),
  nodeAcquire: (node, request, vote) => {
    node.acquire(request, vote);
  },
  nodeExtend: (node, request, vote) => {
    node.extend(request, vote);
  },
  nodeRelease: (node, request, vote) => {
    node.release(request, vote);
  },
  nodeRaiseFence: (node, request, vote) => {
    node.raiseFence(request, vote);
  },
  restartGuard: ({ restartGuard = false }) => restartGuard,
  extendVote: (vote) => vote,
  movedEndMs: (endMs, aheadMs) => endMs + aheadMs,
};
