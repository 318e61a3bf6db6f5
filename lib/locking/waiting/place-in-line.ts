import type { LockKind } from '../../ports/lock-kind';

/** The caller at a place, as others see it. */
export interface Standing {
  /** The owner token of its lease, once it has one. */
  readonly ownerToken?: string;
}

/** A caller in line. */
export interface Waiter<Turn> extends Standing {
  /** The options with which it would ask the nodes. The caller before it may do so on its behalf. */
  readonly ttlMs: number;
  readonly fencing: boolean;
  readonly autoExtend: boolean;
  readonly label?: string | undefined;
  /** True if it wants the order in which the callers of all processes came. */
  readonly isFair?: boolean;
  /** The way in which it wants to hold. Undefined: exclusively. */
  readonly kind?: LockKind | undefined;
  /**
   * Called when the place has become first in all its lines, but not if it was first from the beginning.
   *
   * @param turn the lease that the caller before it left for it
   */
  onFirst(turn: Turn | undefined): void;
}

/**
 * A holder of one resource that stands in line itself, without a place, while nobody stands behind it: very many
 * locks may be held that nobody waits for.
 */
export interface LoneHolder<Turn> extends Standing {
  readonly resources: readonly string[];
  /** The place that it gets when another caller comes, and leaves when it is done. Undefined before that. */
  place: PlaceInLine<Turn> | undefined;
}

/** The lines in which places are. */
interface Lines<Turn> {
  /** Lets a holder stand in line in the place of the caller that is alone there. */
  stand(resource: string, holder: LoneHolder<Turn>): void;
  append(resource: string, stand: Stand<Turn>): Stand<Turn>;
  /** @returns the place that is first in that line now, if it was not before */
  unlink(stand: Stand<Turn>): PlaceInLine<Turn> | undefined;
  nextIn(resource: string): PlaceInLine<Turn> | undefined;
  frontOf(resource: string): Waiter<Turn> | undefined;
}

/** The entry of a place in one line. */
export abstract class Stand<Turn> {
  /**
   * The line. While nobody else is in it, there is only the name of its resource, since nearly all lines have one
   * caller. Undefined when the place has left it.
   */
  at: Line<Turn> | string | undefined = undefined;
  before: Stand<Turn> | undefined = undefined;
  behind: Stand<Turn> | undefined = undefined;

  abstract readonly place: PlaceInLine<Turn>;

  /** The line, if it has one that others are in. */
  get line(): Line<Turn> | undefined {
    return typeof this.at === 'string' ? undefined : this.at;
  }

  get resource(): string | undefined {
    return typeof this.at === 'string' ? this.at : this.at?.resource;
  }
}

class FurtherStand<Turn> extends Stand<Turn> {
  constructor(override readonly place: PlaceInLine<Turn>) {
    super();
  }
}

/**
 * One caller's place in the lines of all its resources. The object is itself the entry in the first of these
 * lines: nearly all callers want one resource, and very many may wait for it.
 */
export class PlaceInLine<Turn> extends Stand<Turn> {
  private others: readonly Stand<Turn>[] = NOWHERE;
  private state: 'waiting' | 'first' | 'left' = 'waiting';

  /** @internal The caller that waits here. Undefined once it has its lease. */
  waiter: Waiter<Turn> | undefined;
  private holder: Standing | undefined = undefined;

  constructor(
    private readonly lines: Lines<Turn>,
    waiter: Waiter<Turn> | undefined,
  ) {
    super();
    this.waiter = waiter;
  }

  override get place(): this {
    return this;
  }

  /** @internal */
  get standing(): Standing | undefined {
    return this.waiter ?? this.holder;
  }

  /**
   * The caller has its lease, and stays here until that has ended, which may take long. Nothing else of the caller
   * is kept.
   */
  hold(lease: Standing): void {
    this.holder = lease;
    this.waiter = undefined;
  }

  /**
   * Lets the holder stand in line itself, if it is alone in the line of one resource. This place is left then.
   *
   * @returns true if the holder stands there
   */
  giveTo(holder: LoneHolder<Turn>): boolean {
    const { at } = this;
    if (typeof at !== 'string' || this.others.length > 0) return false;
    this.state = 'left';
    this.at = undefined;
    this.lines.stand(at, holder);
    return true;
  }

  get isFirst(): boolean {
    return this.state === 'first';
  }

  /** The number of callers behind it, in the longest of its lines. */
  get followers(): number {
    let most = this.line === undefined ? 0 : this.line.length - 1;
    for (const { line } of this.others) most = Math.max(most, line === undefined ? 0 : line.length - 1);
    return most;
  }

  /** True if the last release of the resources told that no other process waits for any of them. */
  get isKnownAlone(): boolean {
    return this.isSomewhere && this.everywhere(({ line }) => line?.othersWait === false);
  }

  /** Remembers if other processes wait, for the callers behind it. Undefined: that is not known any more. */
  learnOfOthers(wait: boolean | undefined): void {
    this.everywhere(({ line }) => {
      if (line !== undefined) line.othersWait = wait;
      return true;
    });
  }

  /** A caller because of which this place is not first. */
  get inTheWay(): Standing | undefined {
    const stand = isFront(this) ? this.others.find((one) => !isFront(one)) : this;
    return stand?.line?.first?.place.standing;
  }

  /** The caller that is first when this place is left, if it stands in exactly the same lines. */
  get successor(): Waiter<Turn> | undefined {
    return this.successorPlace?.waiter;
  }

  /**
   * Leaves the place, wherever in the line it is. A second call does nothing.
   *
   * @param turn for the successor
   */
  leave(turn?: Turn): void {
    const successor = turn === undefined ? undefined : this.successorPlace;
    this.state = 'left';
    const { others } = this;
    this.others = NOWHERE;
    const next = this.lines.unlink(this);
    if (others.length === 0) next?.tryToBegin(next === successor ? turn : undefined);
    else this.letBegin([next, ...this.unlinkAll(others)], successor, turn);
  }

  /** Leaves the place in the lines of some resources. In the others it stays first. */
  leaveSome(resources: readonly string[]): void {
    const isLeft = ({ resource }: Stand<Turn>) => resource !== undefined && resources.includes(resource);
    const leaving = this.others.filter(isLeft);
    this.others = this.others.filter((stand) => !isLeft(stand));
    if (isLeft(this)) leaving.unshift(this);
    this.letBegin(this.unlinkAll(leaving), undefined, undefined);
  }

  /** The next caller of this process for `resource` that has not asked the nodes yet. */
  nextIn(resource: string): PlaceInLine<Turn> | undefined {
    return this.lines.nextIn(resource);
  }

  /** The first caller in the line of `resource`, even if this place is not in that line. */
  frontOf(resource: string): Waiter<Turn> | undefined {
    return this.lines.frontOf(resource);
  }

  get isForOneResource(): boolean {
    return this.at !== undefined && this.others.length === 0;
  }

  /** Begins with a lease that another caller left for it, although others are before it. */
  begin(turn: Turn): void {
    this.state = 'first';
    this.waiter?.onFirst(turn);
  }

  /** @internal */
  enter(resources: readonly string[]): void {
    const [first] = resources;
    if (first !== undefined) this.lines.append(first, this);
    if (resources.length > 1)
      this.others = resources
        .slice(1)
        .map((resource) => this.lines.append(resource, new FurtherStand<Turn>(this)));
  }

  /** @internal Tells if the place has become first by now, and was not before. */
  becomeFirst(): boolean {
    if (this.state !== 'waiting' || !this.everywhere(isFront)) return false;
    this.state = 'first';
    return true;
  }

  private tryToBegin(turn: Turn | undefined): void {
    if (this.becomeFirst()) this.waiter?.onFirst(turn);
  }

  private letBegin(
    next: readonly (PlaceInLine<Turn> | undefined)[],
    successor: PlaceInLine<Turn> | undefined,
    turn: Turn | undefined,
  ): void {
    for (const place of next) place?.tryToBegin(place === successor ? turn : undefined);
  }

  private unlinkAll(stands: readonly Stand<Turn>[]): (PlaceInLine<Turn> | undefined)[] {
    return stands.map((stand) => this.lines.unlink(stand));
  }

  private get isSomewhere(): boolean {
    return this.at !== undefined || this.others.length > 0;
  }

  private everywhere(isSo: (stand: Stand<Turn>) => boolean): boolean {
    return (this.at === undefined || isSo(this)) && (this.others.length === 0 || this.others.every(isSo));
  }

  private get successorPlace(): PlaceInLine<Turn> | undefined {
    const place = this.behind?.place;
    const isBehindEverywhere = this.everywhere(({ behind }) => behind?.place === place);
    return isBehindEverywhere && place?.others.length === this.others.length ? place : undefined;
  }
}

function isFront(stand: Stand<unknown>): boolean {
  return stand.line === undefined || stand.line.first === stand;
}

const NOWHERE: readonly never[] = [];

/**
 * One line, as a linked list: a waiter that gives up in the middle of a thousand costs no more than the first one.
 */
export class Line<Turn> {
  first: Stand<Turn> | undefined;
  length = 0;
  /** True if other processes wait for the resource, as the last release told. */
  othersWait: boolean | undefined;
  private last: Stand<Turn> | undefined;

  constructor(readonly resource: string) {}

  append(stand: Stand<Turn>): Stand<Turn> {
    stand.at = this;
    stand.before = this.last;
    if (this.last === undefined) this.first = stand;
    else this.last.behind = stand;
    this.last = stand;
    this.length += 1;
    return stand;
  }

  unlink(stand: Stand<Turn>): void {
    const { before, behind } = stand;
    // The links of a place that leaves are cleared: if the garbage collector takes it late, it would keep
    // everything behind it in memory.
    stand.at = undefined;
    stand.before = undefined;
    stand.behind = undefined;
    if (before === undefined) this.first = behind;
    else before.behind = behind;
    if (behind === undefined) this.last = before;
    else behind.before = before;
    this.length -= 1;
  }
}
