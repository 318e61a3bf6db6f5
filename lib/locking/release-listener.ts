import type { LockNode, ReleaseSubscription } from '../core/lock-node.interface';
import { quorumOf } from '../core/quorum';

/** `now`: a quorum may be free. `soon`: there is a hint of it. */
export type MaybeFree = 'now' | 'soon';

export interface ReleaseListenerSetup {
  readonly nodes: readonly LockNode[];
  readonly resources: readonly string[];
  /** The node that is asked first: when it is free, the others are on the way to be. */
  leadingNode(): LockNode | undefined;
  onMaybeFree(when: MaybeFree): void;
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
        node.onReleased(resource, (released) => {
          this.hear(node, released);
        }),
      ),
    );
    this.stops = nodes.map((node) =>
      node.onStatus(({ status }) => {
        // It may be the one that was missing, and may have missed to tell.
        if (status === 'up') setup.onMaybeFree('soon');
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

  private hear(node: LockNode, released: string | undefined): void {
    if (released === undefined) {
      this.setup.onMaybeFree('soon');
      return;
    }
    if (released !== this.latest) {
      this.latest = released;
      this.told = new Set();
      this.isTold = false;
    }
    const isNews = !this.told.has(node);
    this.told.add(node);
    if (this.isTold) {
      // The others were faster: the leader was asked already, and denied what it had not let go yet.
      if (isNews && node === this.setup.leadingNode()) this.setup.onMaybeFree('soon');
      return;
    }
    this.isTold = node === this.setup.leadingNode() || this.told.size >= quorumOf(this.setup.nodes.length);
    this.setup.onMaybeFree(this.isTold ? 'now' : 'soon');
  }
}
