import type {
  LockNode,
  NodeStatus,
  ReleaseHandler,
  ReleaseSubscription,
} from '../../ports/lock-node.interface';
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
  /** Those of the first node to all resources, then those of the next. Nodes may speak before they are all there. */
  private readonly subscriptions: readonly ReleaseSubscription[] = [];
  private readonly stops: readonly (() => void)[];
  /** By owner token, those that began last. Nearly all who wait for long hear of none. */
  private tellings: Map<string, Telling> | undefined;
  /** The nodes that would have told of a release when that was last looked at, a bit per position. */
  private hearing = 0;
  private hasOtherNews = false;
  /** The nodes that tell only when it is the waiter's turn, a bit per position. */
  private calling = 0;

  constructor(private readonly setup: ReleaseListenerSetup) {
    const { nodes, resources } = setup;
    const subscriptions = new Array<ReleaseSubscription>(nodes.length * resources.length);
    nodes.forEach((node, position) => {
      this.subscribeAt(node, position, subscriptions);
    });
    this.subscriptions = subscriptions;
    this.hearing = this.whoHears();
    const onStatus = ({ status }: { readonly status: NodeStatus }) => {
      // It may be the one that was missing, and may have missed to tell.
      if (status === 'up') this.mayHaveMissed();
    };
    this.stops = nodes.map((node) => node.onStatus(onStatus));
  }

  /** So many nodes would tell of a release that a waiter need not ask meanwhile. */
  get isReliable(): boolean {
    this.hearing = this.whoHears();
    return this.isQuorum(this.hearing);
  }

  /** An attempt begins, which learns what there was to tell before it. */
  expectAttempt(): void {
    this.hasOtherNews = false;
  }

  /** Whether a node told that the lease with `ownerToken` was released. */
  heardOf(ownerToken: string): boolean {
    return this.tellings?.has(ownerToken) === true;
  }

  /**
   * Somebody has it who has not released it: what is still told of the releases before is no news.
   *
   * @returns whether nothing else was told since the attempt began
   */
  passOver(): boolean {
    for (const telling of this.tellings?.values() ?? NONE) telling.isOver = true;
    return !this.hasOtherNews;
  }

  /** Some node still has a holder before: what is told of its release is news again. */
  takeBack(): void {
    for (const telling of this.tellings?.values() ?? NONE) telling.isOver = false;
  }

  stop(): void {
    for (const subscription of this.subscriptions) subscription.stop();
    for (const stop of this.stops) stop();
  }

  /** Whether only those hear whose turn it is. */
  get isInLine(): boolean {
    return this.setup.inLineAs !== undefined;
  }

  private subscribeAt(node: LockNode, position: number, subscriptions: ReleaseSubscription[]): void {
    const { resources, inLineAs } = this.setup;
    const wake: ReleaseHandler = (released, waiting) => {
      this.hear(node, position, released, waiting);
    };
    for (let i = 0; i < resources.length; i++) {
      const resource = resources[i] as string;
      const subscription =
        inLineAs === undefined ? node.onReleased(resource, wake) : node.onReleased(resource, wake, inLineAs);
      subscriptions[position * resources.length + i] = subscription;
      if (subscription.callsInTurn === true) this.calling |= 1 << position;
    }
  }

  private hear(
    node: LockNode,
    position: number,
    released: string | undefined,
    waiting: number | undefined,
  ): void {
    if (released === undefined) {
      this.hearOfNode(position);
      return;
    }
    const tellings = (this.tellings ??= new Map<string, Telling>());
    const telling = tellings.get(released) ?? begin(tellings, released);
    if (telling.isOver || telling.nodes.has(node)) return;
    telling.nodes.add(node);
    const isLeader = node === this.setup.leadingNode();
    if (telling.isTold) {
      // One was faster: the other was asked already, the leader or the majority, and denied what it had not released yet.
      if (isLeader || telling.nodes.size === this.quorum) this.tell(SOON, position);
      return;
    }
    // Where several wait, each of them goes to the leader as soon as it is free, and would meet those who do not.
    const isAlone = waiting === 1;
    telling.isTold = isLeader || (isAlone && telling.nodes.size >= this.quorum);
    this.tell({ isNow: telling.isTold, leaderFirst: isLeader && !isAlone }, position);
  }

  private tell(hint: ReleaseHint, position: number): void {
    this.setup.onMaybeFree((this.calling >> position) % 2 !== 0 ? { ...hint, isTurn: true } : hint);
  }

  /** A node begins to tell of releases, or told of one without saying whose. */
  private hearOfNode(position: number): void {
    const before = this.hearing;
    this.hearing = this.whoHears();
    const isBeginning = ((this.hearing & ~before) >> position) % 2 !== 0;
    // A release is kept from nobody by those that are missing, once a majority tells of it.
    if (!isBeginning || (!this.isQuorum(before) && this.isQuorum(this.hearing))) this.mayHaveMissed();
  }

  private mayHaveMissed(): void {
    this.hasOtherNews = true;
    this.setup.onMaybeFree(SOON);
  }

  private whoHears(): number {
    const { nodes, resources } = this.setup;
    let hearing = 0;
    for (let position = 0; position < nodes.length; position++) {
      let isHeard = true;
      for (let i = 0; i < resources.length && isHeard; i++)
        isHeard = this.subscriptions[position * resources.length + i]?.isHeard === true;
      if (isHeard) hearing |= 1 << position;
    }
    return hearing;
  }

  private isQuorum(bits: number): boolean {
    let count = 0;
    for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
    return count >= this.quorum;
  }

  private get quorum(): number {
    return quorumOf(this.setup.nodes.length);
  }
}

function begin(tellings: Map<string, Telling>, released: string): Telling {
  const telling = { nodes: new Set<LockNode>(), isTold: false, isOver: false };
  tellings.set(released, telling);
  if (tellings.size > MOST_RELEASES) {
    const [oldest = released] = tellings.keys();
    tellings.delete(oldest);
  }
  return telling;
}

const NONE: readonly never[] = [];
