import type { LockNode } from '../core/lock-node.interface';
import { quorumOf } from '../core/quorum';

/** Called when a majority of the nodes may be free (`now`), or a single one told so (`soon`). */
type OnMaybeFree = (when: 'now' | 'soon') => void;

/** Listens to all nodes for the release of some resources, for one waiter. */
export class ReleaseListener {
  /** Enough nodes tell of releases that a waiter need not poll. */
  readonly isReliable: boolean;

  private readonly stops: (() => void)[] = [];
  private readonly told = new Set<LockNode>();

  constructor(
    private readonly nodes: readonly LockNode[],
    resources: readonly string[],
    private readonly onMaybeFree: OnMaybeFree,
  ) {
    let telling = 0;
    for (const node of nodes) {
      const stops = resources.map((resource) =>
        node.onReleased(resource, () => {
          this.hear(node);
        }),
      );
      if (stops.every((stop) => stop !== null)) telling += 1;
      this.stops.push(...stops.filter((stop) => stop !== null));
      // A node that comes back may be the one that was missing, and may have missed to tell.
      this.stops.push(
        node.onStatus(({ status }) => {
          if (status === 'up') this.onMaybeFree('soon');
        }),
      );
    }
    this.isReliable = telling >= quorumOf(nodes.length);
  }

  stop(): void {
    for (const stop of this.stops.splice(0)) stop();
  }

  private hear(node: LockNode): void {
    this.told.add(node);
    if (this.told.size < quorumOf(this.nodes.length)) {
      this.onMaybeFree('soon');
      return;
    }
    this.told.clear();
    this.onMaybeFree('now');
  }
}
