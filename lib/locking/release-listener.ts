import type { LockNode, ReleaseSubscription } from '../core/lock-node.interface';
import { quorumOf } from '../core/quorum';

/** A hint that the resources may be free. */
export interface ReleaseHint {
  /** A quorum may be free; else it is expected to be, soon. */
  readonly isNow: boolean;
  /** Others heard it too, and the leading node is among those that are free: whoever gets its vote goes on. */
  readonly leaderFirst: boolean;
}

const SOON: ReleaseHint = { isNow: false, leaderFirst: false };

export interface ReleaseListenerSetup {
  readonly nodes: readonly LockNode[];
  readonly resources: readonly string[];
  /** The node that is asked first: when it is free, the others are on the way to be. */
  leadingNode(): LockNode | undefined;
  onMaybeFree(hint: ReleaseHint): void;
}

/** Listens to all nodes for the release of some resources, for one waiter. */
export class ReleaseListener {
  private readonly subscriptions: readonly (readonly ReleaseSubscription[])[];
  private readonly stops: readonly (() => void)[];
  /** The release that is being told of: each node tells of it, at its own time. */
  private latest: string | undefined;
  private told = new Set<LockNode>();
  private isTold = false;

  constructor(private readonly setup: ReleaseListenerSetup) {
    const { nodes, resources } = setup;
    this.subscriptions = nodes.map((node) =>
      resources.map((resource) =>
        node.onReleased(resource, (released, waiting) => {
          this.hear(node, released, waiting);
        }),
      ),
    );
    this.stops = nodes.map((node) =>
      node.onStatus(({ status }) => {
        // It may be the one that was missing, and may have missed to tell.
        if (status === 'up') setup.onMaybeFree(SOON);
      }),
    );
  }

  /** So many nodes would tell of a release that a waiter need not ask meanwhile. */
  get isReliable(): boolean {
    const hearing = this.subscriptions.filter((ofNode) => ofNode.every(({ isHeard }) => isHeard));
    return hearing.length >= quorumOf(this.subscriptions.length);
  }

  stop(): void {
    for (const subscription of this.subscriptions.flat()) subscription.stop();
    for (const stop of this.stops) stop();
  }

  private hear(node: LockNode, released: string | undefined, waiting: number | undefined): void {
    if (released === undefined) {
      this.setup.onMaybeFree(SOON);
      return;
    }
    if (released !== this.latest) {
      this.latest = released;
      this.told = new Set();
      this.isTold = false;
    }
    if (this.told.has(node)) return;
    this.told.add(node);
    const isLeader = node === this.setup.leadingNode();
    if (this.isTold) {
      // The others were faster: the leader was asked already, and denied what it had not let go yet.
      if (isLeader) this.setup.onMaybeFree(SOON);
      return;
    }
    this.isTold = isLeader || this.told.size >= quorumOf(this.setup.nodes.length);
    this.setup.onMaybeFree({ isNow: this.isTold, leaderFirst: isLeader && waiting !== 1 });
  }
}
