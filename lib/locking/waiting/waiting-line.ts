import { SmallMap } from '../../collections/small-map';
import type { LockKind } from '../../core/lock-kind';

/** Who stands somewhere, as others see it. */
export interface Standing {
  /** That of its lease, once it has one. */
  readonly ownerToken?: string;
}

/** Who stands in line. */
export interface Waiter<Turn> extends Standing {
  /** What it would ask the nodes for; for the one in front, which may do so on its behalf. */
  readonly ttlMs: number;
  readonly fencing: boolean;
  readonly autoExtend: boolean;
  readonly label?: string;
  /** It asked for the order in which callers of all processes came. */
  readonly isFair?: boolean;
  /** How it wants to hold; undefined: exclusively. */
  readonly kind?: LockKind | undefined;
  /**
   * The place has become first in all its lines; not called if it is so from the beginning.
   *
   * @param turn what the one in front left for it
   */
  onFirst(turn: Turn | undefined): void;
}

/**
 * The lines of this process: one per resource, first come first served. Only who is first in the lines of all its
 * resources asks the nodes (R15); it stays there until its lease has ended.
 *
 * A caller joins all its lines at the same moment, so two callers with several resources never wait for each other.
 * Whoever joins must leave: that is what ends a line.
 */
export class WaitingLine<Turn> {
  private readonly lines = new SmallMap<Line<Turn>>();

  join(resources: readonly string[], waiter: Waiter<Turn>): PlaceInLine<Turn> {
    const place = new PlaceInLine(this, waiter);
    // Of exactly this length: one that grows by `push` begins with room for 17.
    place.stand(resources.map((resource) => this.lineFor(resource).append(place)));
    place.becomeFirst();
    return place;
  }

  /** Whether more than `most` stand in a line of one of them, the first included. */
  isLongerThan(most: number, resources: readonly string[]): boolean {
    if (this.lines.size === 0) return false;
    return resources.some((resource) => (this.lines.get(resource)?.length ?? 0) > most);
  }

  /** Somebody who stands in a line of one of them. */
  firstOf(resources: readonly string[]): Standing | undefined {
    const taken = resources.find((resource) => this.lines.has(resource));
    return taken === undefined ? undefined : this.lines.get(taken)?.first?.place.standing;
  }

  /** The one after the first, who has not asked the nodes for `resource` yet, if that is all it wants. */
  nextIn(resource: string): PlaceInLine<Turn> | undefined {
    let stand = this.lines.get(resource)?.first?.behind;
    // Who has begun stays until it has won: it gets no second turn.
    while (stand?.place.isFirst === true) stand = stand.behind;
    return stand?.place.isForOneResource === true ? stand.place : undefined;
  }

  /** Who stands first in the line of `resource`. */
  frontOf(resource: string): Waiter<Turn> | undefined {
    return this.lines.get(resource)?.first?.place.waiter;
  }

  /** Nobody is in any line, so nothing is kept in memory (R18). */
  get isEmpty(): boolean {
    return this.lines.size === 0;
  }

  /**
   * @internal
   * @param turn for `successor`, if that becomes first
   */
  leaveStands(
    stands: readonly Stand<Turn>[],
    successor: PlaceInLine<Turn> | undefined,
    turn: Turn | undefined,
  ): void {
    const next: PlaceInLine<Turn>[] = [];
    for (const stand of stands) {
      const { line } = stand;
      const wasFirst = line.first === stand;
      line.unlink(stand);
      if (line.first === undefined) this.lines.delete(line.resource);
      else if (wasFirst) next.push(line.first.place);
    }
    for (const place of next) {
      if (place.becomeFirst()) place.waiter?.onFirst(place === successor ? turn : undefined);
    }
  }

  private lineFor(resource: string): Line<Turn> {
    const existing = this.lines.get(resource);
    if (existing !== undefined) return existing;
    const line = new Line<Turn>(resource);
    this.lines.set(resource, line);
    return line;
  }
}

/** One caller's place in the lines of all its resources. */
export class PlaceInLine<Turn> {
  private stands: readonly Stand<Turn>[] = NOWHERE;
  private state: 'waiting' | 'first' | 'left' = 'waiting';

  /** @internal Who waits here; undefined once it has what it waited for. */
  waiter: Waiter<Turn> | undefined;
  private holder: Standing | undefined;

  constructor(
    private readonly waitingLine: WaitingLine<Turn>,
    waiter: Waiter<Turn>,
  ) {
    this.waiter = waiter;
  }

  /** @internal */
  get standing(): Standing | undefined {
    return this.waiter ?? this.holder;
  }

  /** The caller has its lease, and stays here until that has ended. Nothing else of it is needed, and it may be for long. */
  hold(lease: Standing): void {
    this.holder = lease;
    this.waiter = undefined;
  }

  get isFirst(): boolean {
    return this.state === 'first';
  }

  /** How many stand behind it, in the longest of its lines. */
  get followers(): number {
    let most = 0;
    for (const { line } of this.stands) most = Math.max(most, line.length - 1);
    return most;
  }

  /** Whether the last release of the resources told that no other process waits for any of them. */
  get isKnownAlone(): boolean {
    for (const { line } of this.stands) if (line.othersWait !== false) return false;
    return this.stands.length > 0;
  }

  /** Remembers, for those behind it, whether other processes wait; undefined: nobody knows any more. */
  learnOfOthers(wait: boolean | undefined): void {
    for (const { line } of this.stands) line.othersWait = wait;
  }

  /** Somebody because of whom this place is not first. */
  get inTheWay(): Standing | undefined {
    const stand = this.stands.find((one) => one.line.first !== one);
    return stand?.line.first?.place.standing;
  }

  /** Who is first when this place is left, if it stands in the same lines and no other. */
  get successor(): Waiter<Turn> | undefined {
    return this.heirPlace?.waiter;
  }

  /**
   * Gives up the place, wherever in the line it is. Harmless when done twice.
   *
   * @param turn for the successor
   */
  leave(turn?: Turn): void {
    const successor = turn === undefined ? undefined : this.heirPlace;
    this.state = 'left';
    const { stands } = this;
    this.stands = NOWHERE;
    this.waitingLine.leaveStands(stands, successor, turn);
  }

  /** Gives up the place in the lines of some resources; in the others it stays first. */
  leaveSome(resources: readonly string[]): void {
    const isLeft = ({ line }: Stand<Turn>) => resources.includes(line.resource);
    const leaving = this.stands.filter(isLeft);
    this.stands = this.stands.filter((stand) => !isLeft(stand));
    this.waitingLine.leaveStands(leaving, undefined, undefined);
  }

  /** Who waits in this process for `resource`, and does not ask the nodes yet: the one after the first. */
  nextIn(resource: string): PlaceInLine<Turn> | undefined {
    return this.waitingLine.nextIn(resource);
  }

  /** Who is first in the line of `resource`, whether this place is in it or not. */
  frontOf(resource: string): Waiter<Turn> | undefined {
    return this.waitingLine.frontOf(resource);
  }

  get isForOneResource(): boolean {
    return this.stands.length === 1;
  }

  /** Goes on with what somebody leaves to it, although others are before it. */
  begin(turn: Turn): void {
    this.state = 'first';
    this.waiter?.onFirst(turn);
  }

  /** @internal */
  stand(stands: readonly Stand<Turn>[]): void {
    this.stands = stands;
  }

  /** @internal Whether it was not first until now, and is. */
  becomeFirst(): boolean {
    if (this.state !== 'waiting' || !this.stands.every((stand) => stand.line.first === stand)) return false;
    this.state = 'first';
    return true;
  }

  private get heirPlace(): PlaceInLine<Turn> | undefined {
    const place = this.stands[0]?.behind?.place;
    const isBehindEverywhere = this.stands.every((stand) => stand.behind?.place === place);
    return place !== undefined && isBehindEverywhere && place.stands.length === this.stands.length
      ? place
      : undefined;
  }
}

const NOWHERE: readonly never[] = [];

interface Stand<Turn> {
  readonly place: PlaceInLine<Turn>;
  readonly line: Line<Turn>;
  before: Stand<Turn> | undefined;
  behind: Stand<Turn> | undefined;
}

/** A linked list: a waiter that gives up in the middle of a thousand costs no more than the first. */
class Line<Turn> {
  first: Stand<Turn> | undefined;
  length = 0;
  /** Other processes wait for the resource, as the last release told. */
  othersWait: boolean | undefined;
  private last: Stand<Turn> | undefined;

  constructor(readonly resource: string) {}

  append(place: PlaceInLine<Turn>): Stand<Turn> {
    const stand: Stand<Turn> = { place, line: this, before: this.last, behind: undefined };
    if (this.last === undefined) this.first = stand;
    else this.last.behind = stand;
    this.last = stand;
    this.length += 1;
    return stand;
  }

  unlink(stand: Stand<Turn>): void {
    const { before, behind } = stand;
    // Nobody is reached through who has left: a place that the garbage collector takes later would keep all behind it.
    stand.before = undefined;
    stand.behind = undefined;
    if (before === undefined) this.first = behind;
    else before.behind = behind;
    if (behind === undefined) this.last = before;
    else behind.before = before;
    this.length -= 1;
  }
}
