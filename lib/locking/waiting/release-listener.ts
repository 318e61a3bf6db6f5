import type { LockNode, ReleaseHandler, ReleaseSubscription } from '../../ports/lock-node.interface';
import { quorumOf } from '../../core/quorum';

/** A hint that the resources may be free. */
export interface ReleaseHint {
  /** A quorum may be free; else it is expected to be, soon. */
  readonly isNow: boolean;
  /** Others heard it too, and the leading node is among those that are free: whoever gets its vote goes on. */
  readonly leaderFirst: boolean;
  /** It is the waiter's turn in line: only those whose turn it is were told. */
  readonly isTurn?: true;
}

const SOON: ReleaseHint = { isNow: false, leaderFirst: false };

export interface ReleaseListenerSetup {
  readonly nodes: readonly LockNode[];
  readonly resources: readonly string[];
  /** The id of a place in the line of the resources: hears only when it may be the turn of that place. */
  readonly inLineAs?: string | undefined;
  /** The node that is asked first: when it is free, the others are on the way to be. */
  leadingNode(): LockNode | undefined;
  onMaybeFree(hint: ReleaseHint): void;
}

/** How many releases are remembered. Some nodes tell of one when the others have already told of the next ones. */
const MOST_RELEASES = 4;

/** A release that is being told of: each node tells of it, at its own time. */
interface Telling {
  readonly nodes: Set<LockNode>;
  /** Those who wait were told that a quorum may be free. */
  isTold: boolean;
  /** Somebody else has it since. */
  isOver: boolean;
}

/** Listens to all nodes for the release of some resources, for one waiter. */
export class ReleaseListener {
  /** By node. Nodes may speak before they are all there. */
  private readonly subscriptions: readonly (readonly ReleaseSubscription[])[] = [];
  private readonly stops: readonly (() => void)[];
  /** By owner token, those that began last. */
  private readonly tellings = new Map<string, Telling>();
  /** The nodes that would have told of a release when that was last looked at. */
  private hearing: ReadonlySet<LockNode> = new Set();
  private hasOtherNews = false;
  /** The nodes that tell only when it is the waiter's turn. */
  private readonly calling = new Set<LockNode>();

  constructor(private readonly setup: ReleaseListenerSetup) {
    const { nodes } = setup;
    this.subscriptions = nodes.map((node) => this.subscribeAt(node));
    this.hearing = this.whoHears();
    this.stops = nodes.map((node) =>
      node.onStatus(({ status }) => {
        // It may be the one that was missing, and may have missed to tell.
        if (status === 'up') this.mayHaveMissed();
      }),
    );
  }

  /** So many nodes would tell of a release that a waiter need not ask meanwhile. */
  get isReliable(): boolean {
    this.hearing = this.whoHears();
    return this.hearing.size >= this.quorum;
  }

  /** An attempt begins, which learns what there was to tell before it. */
  expectAttempt(): void {
    this.hasOtherNews = false;
  }

  /** Whether a node told that the lease with `ownerToken` was released. */
  heardOf(ownerToken: string): boolean {
    return this.tellings.has(ownerToken);
  }

  /**
   * Somebody has it who has not released it: what is still told of the releases before is no news.
   *
   * @returns whether nothing else was told since the attempt began
   */
  passOver(): boolean {
    for (const telling of this.tellings.values()) telling.isOver = true;
    return !this.hasOtherNews;
  }

  /** Some node still has a holder before: what is told of its release is news again. */
  takeBack(): void {
    for (const telling of this.tellings.values()) telling.isOver = false;
  }

  stop(): void {
    for (const subscription of this.subscriptions.flat()) subscription.stop();
    for (const stop of this.stops) stop();
  }

  /** Whether only those hear whose turn it is. */
  get isInLine(): boolean {
    return this.setup.inLineAs !== undefined;
  }

  private subscribeAt(node: LockNode): ReleaseSubscription[] {
    const { resources, inLineAs } = this.setup;
    const wake: ReleaseHandler = (released, waiting) => {
      this.hear(node, released, waiting);
    };
    const subscriptions = resources.map((resource) =>
      inLineAs === undefined ? node.onReleased(resource, wake) : node.onReleased(resource, wake, inLineAs),
    );
    if (subscriptions.some(({ callsInTurn }) => callsInTurn)) this.calling.add(node);
    return subscriptions;
  }

  private hear(node: LockNode, released: string | undefined, waiting: number | undefined): void {
    if (released === undefined) {
      this.hearOfNode(node);
      return;
    }
    const telling = this.tellings.get(released) ?? this.begin(released);
    if (telling.isOver || telling.nodes.has(node)) return;
    telling.nodes.add(node);
    const isLeader = node === this.setup.leadingNode();
    if (telling.isTold) {
      // One was faster: the other was asked already, the leader or the majority, and denied what it had not released yet.
      if (isLeader || telling.nodes.size === this.quorum) this.tell(SOON, node);
      return;
    }
    // Where several wait, each of them goes to the leader as soon as it is free, and would meet those who do not.
    const isAlone = waiting === 1;
    telling.isTold = isLeader || (isAlone && telling.nodes.size >= this.quorum);
    this.tell({ isNow: telling.isTold, leaderFirst: isLeader && !isAlone }, node);
  }

  private tell(hint: ReleaseHint, by: LockNode): void {
    this.setup.onMaybeFree(this.calling.has(by) ? { ...hint, isTurn: true } : hint);
  }

  private begin(released: string): Telling {
    const telling = { nodes: new Set<LockNode>(), isTold: false, isOver: false };
    this.tellings.set(released, telling);
    if (this.tellings.size > MOST_RELEASES) {
      const [oldest = released] = this.tellings.keys();
      this.tellings.delete(oldest);
    }
    return telling;
  }

  /** A node begins to tell of releases, or told of one without saying whose. */
  private hearOfNode(node: LockNode): void {
    const before = this.hearing;
    this.hearing = this.whoHears();
    const isBeginning = this.hearing.has(node) && !before.has(node);
    // A release is kept from nobody by those that are missing, once a majority tells of it.
    if (!isBeginning || (before.size < this.quorum && this.hearing.size >= this.quorum)) this.mayHaveMissed();
  }

  private mayHaveMissed(): void {
    this.hasOtherNews = true;
    this.setup.onMaybeFree(SOON);
  }

  private whoHears(): Set<LockNode> {
    const { nodes } = this.setup;
    return new Set(nodes.filter((_, i) => this.subscriptions[i]?.every(({ isHeard }) => isHeard)));
  }

  private get quorum(): number {
    return quorumOf(this.setup.nodes.length);
  }
}
