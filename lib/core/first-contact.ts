import type { LockNode, NodeStatus } from '../ports/lock-node.interface';

/**
 * The nodes that connect for the first time. A process knows nothing of its nodes right after its start. So
 * callers wait for them as for a slow vote (R5). Else healthy nodes would refuse the first lock of every process.
 *
 * Nobody waits after each node was up or down once: a node that goes down later says so in its answer.
 */
export class FirstContact {
  private readonly unmet: Set<LockNode>;
  private readonly waiting = new Set<Waiting>();

  /** @param isUnsure tells if it is still open what a node that is up may do. That is decided within a moment */
  constructor(
    nodes: readonly LockNode[],
    private readonly isUnsure: (node: LockNode) => boolean,
  ) {
    this.unmet = new Set(nodes.filter(({ status }) => status === 'connecting'));
  }

  /** True if nobody has to wait for any node. This is the usual case, and it must cost nothing. */
  get isOver(): boolean {
    return this.unmet.size === 0;
  }

  /**
   * Calls `then` when `node` has connected for the first time, or could not connect.
   *
   * @returns a function that ends the waiting before that; undefined if there is nothing to wait for, and then
   *   `then` is not called
   */
  whenMet(node: LockNode, then: () => void): (() => void) | undefined {
    if (!this.isAwaited(node)) return undefined;
    const waiting = { node, then };
    this.waiting.add(waiting);
    return () => this.waiting.delete(waiting);
  }

  /**
   * Notes a status of `node`.
   *
   * @returns true if it is the first one
   */
  hear(node: LockNode, status: NodeStatus): boolean {
    return status !== 'connecting' && this.unmet.delete(node);
  }

  /**
   * Says why `node` was not asked in time.
   *
   * @param withinMs the time that it had, in words
   */
  reasonNotAsked(node: LockNode, withinMs: string): string {
    return this.isUnsure(node)
      ? `not asked ${withinMs}: its server is new, and not all of the other nodes have connected, which may be older`
      : `not connected ${withinMs}`;
  }

  /** Calls back the callers that have nothing to wait for any more. */
  letGo(): void {
    for (const waiting of [...this.waiting]) {
      if (this.isAwaited(waiting.node)) continue;
      // An earlier callback of this loop may have ended the waiting of others.
      if (this.waiting.delete(waiting)) waiting.then();
    }
  }

  private isAwaited(node: LockNode): boolean {
    return (this.unmet.has(node) && node.status === 'connecting') || this.isUnsure(node);
  }
}

interface Waiting {
  readonly node: LockNode;
  readonly then: () => void;
}
