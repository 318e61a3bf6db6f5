import type { LockNode, ReleaseHandler, ReleaseSubscription } from '../../ports/lock-node.interface';
import { quorumOf } from '../../core/quorum';
import type { ComebackHearer, Comebacks } from './comebacks';

/** A hint that the resources may be free. */
export interface ReleaseHint {
  /** True if a quorum may be free now. False if that is expected soon. */
  readonly isNow: boolean;
  /**
   * True if the leading node is free and other waiters may have been told too. The caller that gets the vote of the
   * leading node goes on to the others.
   */
  readonly leaderFirst: boolean;
  /** Set if the node tells only the callers whose turn in line it is. */
  readonly isTurn?: true;
}

const SOON: ReleaseHint = { isNow: false, leaderFirst: false };

/** The waiter for which a listener listens. */
export interface ReleaseHearer {
  /** The node that is asked first. When it is free, the others are free soon: a release is sent to all nodes. */
  readonly leadingNode: LockNode | undefined;
  onMaybeFree(hint: ReleaseHint): void;
}

/** Those that tell of releases, or that there may have been one. */
export interface ReleaseSources {
  readonly nodes: readonly LockNode[];
  readonly comebacks: Comebacks;
}

/** The number of releases that are remembered: a slow node tells of one when the others have told of later ones. */
const MOST_RELEASES = 4;

/** A release that nodes tell of, each at its own time. */
interface Telling {
  readonly nodes: Set<LockNode>;
  /** True if the waiter was told that a quorum may be free. */
  isTold: boolean;
  /** True if somebody else has got the resources since. */
  isOver: boolean;
}

/** Listens to all nodes for the release of some resources, for one waiter. */
export class ReleaseListener implements ComebackHearer {
  /**
   * The subscriptions to all resources at the first node, then those at the second one, and so on. A node may call before
   * the list is complete.
   */
  private readonly subscriptions: readonly ReleaseSubscription[] = [];
  /** The last {@link MOST_RELEASES} releases, by owner token. Undefined for most callers, which hear of none. */
  private tellings: Map<string, Telling> | undefined;
  /** The nodes that would have told of a release at the last look: a bit for each position. */
  private hearing = 0;
  /** For each node a resource of whose release it would not have told at the last look. Undefined for most callers. */
  private missing: number[] | undefined;
  private hasOtherNews = false;
  /** The nodes that tell only when it is the waiter's turn: a bit for each position. */
  private calling = 0;

  /**
   * @param inLineAs the id of the waiter's place in the lines on the nodes. If it is given, nodes tell when it may be its
   *   turn
   */
  constructor(
    private readonly sources: ReleaseSources,
    private readonly resources: readonly string[],
    private readonly hearer: ReleaseHearer,
    private readonly inLineAs?: string,
  ) {
    const { nodes } = sources;
    const subscriptions = new Array<ReleaseSubscription>(nodes.length * resources.length);
    nodes.forEach((node, position) => {
      this.subscribeAt(node, position, subscriptions);
    });
    this.subscriptions = subscriptions;
    this.hearing = this.whoHears();
    sources.comebacks.add(this);
  }

  /** True if a majority of the nodes would tell of a release, so that the waiter need not ask in the meantime. */
  get isReliable(): boolean {
    this.hearing = this.whoHears();
    return this.isQuorum(this.hearing);
  }

  /** Notes that an attempt begins. It learns by itself what nodes have told before. */
  expectAttempt(): void {
    this.hasOtherNews = false;
  }

  /** True if a node told that the lease with `ownerToken` was released. */
  heardOf(ownerToken: string): boolean {
    return this.tellings?.has(ownerToken) === true;
  }

  /**
   * Notes that somebody holds the resources who has not released them. So what nodes still tell of earlier releases
   * is no news.
   *
   * @returns true if nothing else was told since the attempt began
   */
  passOver(): boolean {
    for (const telling of this.tellings?.values() ?? NONE) telling.isOver = true;
    return !this.hasOtherNews;
  }

  /** Undoes {@link passOver}: an earlier holder may still be on some node, so its release is news again. */
  takeBack(): void {
    for (const telling of this.tellings?.values() ?? NONE) telling.isOver = false;
  }

  stop(): void {
    for (const subscription of this.subscriptions) subscription.stop();
    this.sources.comebacks.remove(this);
  }

  /** True if nodes were asked to tell only when it may be the waiter's turn in line. */
  get isInLine(): boolean {
    return this.inLineAs !== undefined;
  }

  private subscribeAt(node: LockNode, position: number, subscriptions: ReleaseSubscription[]): void {
    const { resources, inLineAs } = this;
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
    const isLeader = node === this.hearer.leadingNode;
    if (telling.isTold) {
      // The waiter was told after the first of two events: the leading node is free, or a majority is. The other nodes
      // may have denied its attempt, since they were not released yet. So it is told again after the second event.
      if (isLeader || telling.nodes.size === this.quorum) this.tell(SOON, position);
      return;
    }
    // If several callers wait, all of them ask the leading node as soon as it is free. A caller that asked a majority
    // earlier would collide with them.
    const isAlone = waiting === 1 || this.callsInTurn(position);
    telling.isTold = isLeader || (isAlone && telling.nodes.size >= this.quorum);
    this.tell({ isNow: telling.isTold, leaderFirst: isLeader && !isAlone }, position);
  }

  private tell(hint: ReleaseHint, position: number): void {
    this.hearer.onMaybeFree(this.callsInTurn(position) ? { ...hint, isTurn: true } : hint);
  }

  private callsInTurn(position: number): boolean {
    return (this.calling >> position) % 2 !== 0;
  }

  /** Called when a node begins to tell of releases, or told of one without its owner token. */
  private hearOfNode(position: number): void {
    const before = this.hearing;
    // This comes once for each resource, so it looks at one node, and at nothing if that node was heard before.
    if ((before & (1 << position)) === 0 && this.isHeardAt(position)) this.hearing |= 1 << position;
    const isBeginning = this.hearing !== before;
    // While a majority tells of releases, no release is missed because of the other nodes.
    if (!isBeginning || (!this.isQuorum(before) && this.isQuorum(this.hearing))) this.mayHaveMissed();
  }

  /** Called when a release may have been missed, as while a node was away. */
  mayHaveMissed(): void {
    this.hasOtherNews = true;
    this.hearer.onMaybeFree(SOON);
  }

  private whoHears(): number {
    let hearing = 0;
    for (let position = 0; position < this.sources.nodes.length; position++)
      if (this.isHeardAt(position)) hearing |= 1 << position;
    return hearing;
  }

  /** Tells if a node would tell of a release of each resource. */
  private isHeardAt(position: number): boolean {
    const { length } = this.resources;
    const first = position * length;
    // The resource that was missing at the last look comes first. Nodes confirm a thousand one by one, and each of these
    // looks would pass all that were confirmed before.
    const missing = this.missing?.[position] ?? 0;
    for (let i = 0; i < length; i++) {
      const resource = (missing + i) % length;
      if (this.subscriptions[first + resource]?.isHeard !== true) {
        if (resource > 0) (this.missing ??= this.sources.nodes.map(() => 0))[position] = resource;
        return false;
      }
    }
    return true;
  }

  private isQuorum(bits: number): boolean {
    let count = 0;
    for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
    return count >= this.quorum;
  }

  private get quorum(): number {
    return quorumOf(this.sources.nodes.length);
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
