import type { LockNode, NodeStatus } from '../ports/lock-node.interface';

/**
 * Nodes that connect for the first time. Right after its start a process knows nothing of them, so whoever asks waits for
 * them as for a slow vote (R5): else the first lock of every process would be refused by a fleet that is well.
 *
 * Once every node was up or down, nobody waits any more: of a node that is down since, its own answer tells at once.
 */
export class FirstContact {
  private readonly unmet: Set<LockNode>;
  private readonly waiting = new Set<Waiting>();

  /** @param isUnsure whether it is decided only within a moment what a node that is up may do */
  constructor(
    nodes: readonly LockNode[],
    private readonly isUnsure: (node: LockNode) => boolean,
  ) {
    this.unmet = new Set(nodes.filter(({ status }) => status === 'connecting'));
  }

  /** Nobody has to wait for any node: the case that must cost nothing. */
  get isOver(): boolean {
    return this.unmet.size === 0;
  }

  /**
   * Calls `then` when `node` has connected for the first time, or could not.
   *
   * @returns what ends the waiting before that; undefined: there is nothing to wait for, and `then` is not called
   */
  whenMet(node: LockNode, then: () => void): (() => void) | undefined {
    if (!this.isAwaited(node)) return undefined;
    const waiting = { node, then };
    this.waiting.add(waiting);
    return () => this.waiting.delete(waiting);
  }

  /**
   * There is news of `node`.
   *
   * @returns whether it is the first
   */
  hear(node: LockNode, status: NodeStatus): boolean {
    return status !== 'connecting' && this.unmet.delete(node);
  }

  /** Those who wait for nothing any more go on. */
  letGo(): void {
    for (const waiting of [...this.waiting]) {
      if (this.isAwaited(waiting.node)) continue;
      // One that was called before may have ended the waiting of others.
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
