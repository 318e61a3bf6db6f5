import type { Lease } from './lease';
import type { AcquireRequest, AcquireVote, LockNode } from '../ports/lock-node.interface';
import type { NodeGuard } from './node-guard';
import type { CallContext } from './quorum-call';
import { AcquireCall, type KnownVote } from './acquire-call';
import type { Refusals } from './refusals';
import { holdRound } from './round';
import type { SilentNodes } from './silent-nodes';

/**
 * The leader gets this share of the node timeout, since a caller that waits for it has not asked the other nodes
 * yet.
 */
const SHARE_OF_TIMEOUT = 0.1;

/**
 * The node that is asked first when several processes want the same resource. It is the first node that answers
 * and does not refuse to grant, in an order that all processes share. Its vote decides who asks the other nodes, so
 * votes are not split.
 *
 * ```text
 *  process A --+                           granted: A asks the other nodes at once
 *  process B --+--> node 1 (leading) -->   denied:  B and C wait; they have changed nothing
 *  process C --+
 * ```
 */
export class LeadingNode {
  private readonly inOrder: readonly LockNode[];
  /** The nodes that were asked first and have not answered yet. */
  private readonly silent = new Set<LockNode>();

  constructor(
    private readonly settings: {
      readonly nodes: readonly LockNode[];
      readonly guard: NodeGuard;
      readonly silence?: SilentNodes | undefined;
      readonly refusals?: Refusals | undefined;
    },
  ) {
    this.inOrder = [...settings.nodes].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * Asks the leader. Returns its vote, or a function that passes its late vote on, or undefined if no node can
   * lead now. The caller still has to ask the other nodes.
   */
  async ask(callContext: CallContext, lease: Lease, request: AcquireRequest): Promise<KnownVote | undefined> {
    const node = this.current;
    if (node === undefined) return undefined;
    const call = new LeaderQuestion(
      {
        ...callContext,
        nodes: [node],
        silence: undefined,
        timeoutMs: callContext.timeoutMs * SHARE_OF_TIMEOUT,
      },
      lease,
      request,
      this.silent,
    );
    const { votes } = await holdRound(call);
    if (call.isAnswered) return votes[0] && { node, vote: votes[0] };
    this.silent.add(node);
    return { node, whenItComes: call.passOn };
  }

  /** The node that leads now. */
  get current(): LockNode | undefined {
    const { nodes, guard, silence, refusals } = this.settings;
    return this.inOrder.find(
      (node) =>
        node.status === 'up' &&
        !this.silent.has(node) &&
        silence?.skips(nodes.indexOf(node)) !== true &&
        (guard.isIdle || guard.reasonFor(node) === undefined) &&
        refusals?.errorFor(node) === undefined,
    );
  }
}

class LeaderQuestion extends AcquireCall {
  isAnswered = false;
  private receiver: ((vote: AcquireVote) => void) | undefined;
  private lateVote: AcquireVote | undefined;

  constructor(
    callContext: CallContext,
    lease: Lease,
    request: AcquireRequest,
    private readonly silent: Set<LockNode>,
  ) {
    super(callContext, lease, request);
  }

  override ask(node: LockNode, vote: (vote: AcquireVote) => void): void {
    try {
      super.ask(node, (answer) => {
        this.isAnswered = true;
        vote(answer);
      });
    } catch (error) {
      // The node threw, so no vote will come later. Without this it would count as silent for ever.
      this.isAnswered = true;
      throw error;
    }
  }

  /** The round of all nodes waits for this vote too. */
  override onLateVote(node: LockNode, vote: AcquireVote): void {
    this.silent.delete(node);
    this.lateVote = vote;
    this.receiver?.(vote);
  }

  readonly passOn = (receiver: (vote: AcquireVote) => void): void => {
    this.receiver = receiver;
    if (this.lateVote !== undefined) receiver(this.lateVote);
  };
}
