import type { LockNode } from '../../ports/lock-node.interface';

export interface ComebackHearer {
  /** A node was away. It may have told nothing of a release meanwhile. */
  mayHaveMissed(): void;
}

/** Tells the waiters of a service that a node is up again. It listens to a node once, and not once for each waiter. */
export class Comebacks {
  private readonly hearers = new Set<ComebackHearer>();
  private readonly stops: readonly (() => void)[];

  constructor(nodes: readonly LockNode[]) {
    this.stops = nodes.map((node) =>
      node.onStatus(({ status }) => {
        // This iterates a copy, since a waiter that hears of it may stop, or another one may begin.
        if (status === 'up') for (const hearer of [...this.hearers]) hearer.mayHaveMissed();
      }),
    );
  }

  add(hearer: ComebackHearer): void {
    this.hearers.add(hearer);
  }

  remove(hearer: ComebackHearer): void {
    this.hearers.delete(hearer);
  }

  stop(): void {
    for (const stop of this.stops) stop();
  }
}
