import { SmallMap } from '../../collections/small-map';
import { Line, type LoneHolder, PlaceInLine, Stand, type Standing, type Waiter } from './place-in-line';

/** What is known of a line. Where one caller is alone, that is only its stand, or the caller itself if it holds. */
type Known<Turn> = Line<Turn> | Stand<Turn> | LoneHolder<Turn>;

/**
 * The lines of this process: one per resource, first come first served. Only a caller that is first in the lines
 * of all its resources asks the nodes (R15). It stays there until its lease has ended.
 *
 * ```text
 *  line of order:7    A  <-  B  <-  C        A asks the nodes, or holds
 *  line of stock:3    B  <-  D               B waits for A, and D waits for B
 * ```
 *
 * A caller joins all its lines at the same moment, so two callers with several resources never wait for each
 * other. Every caller that joins must leave: that ends a line.
 */
export class WaitingLine<Turn> {
  private readonly lines = new SmallMap<Known<Turn>>();

  join(resources: readonly string[], waiter: Waiter<Turn>): PlaceInLine<Turn> {
    const place = new PlaceInLine(this, waiter);
    place.enter(resources);
    place.becomeFirst();
    return place;
  }

  /** Tells if more than `most` stand in the line of one of these resources, the first one included. */
  isLongerThan(most: number, resources: readonly string[]): boolean {
    if (this.lines.size === 0) return false;
    return resources.some((resource) => lengthOf(this.lines.get(resource)) > most);
  }

  /** The first caller in a line of one of these resources. */
  firstOf(resources: readonly string[]): Standing | undefined {
    const taken = resources.find((resource) => this.lines.has(resource));
    const there = taken === undefined ? undefined : this.lines.get(taken);
    return isLoneHolder(there) ? there : firstIn(there)?.place.standing;
  }

  /** The caller after the first one that has not asked the nodes for `resource` yet, if it wants nothing else. */
  nextIn(resource: string): PlaceInLine<Turn> | undefined {
    let stand = firstIn(this.lines.get(resource))?.behind;
    // A caller that got a turn early stays until it has won. It gets no second turn.
    while (stand?.place.isFirst === true) stand = stand.behind;
    return stand?.place.isForOneResource === true ? stand.place : undefined;
  }

  /** The first caller in the line of `resource`. */
  frontOf(resource: string): Waiter<Turn> | undefined {
    return firstIn(this.lines.get(resource))?.place.waiter;
  }

  /** True if nobody is in any line, so that nothing is kept in memory (R18). */
  get isEmpty(): boolean {
    return this.lines.size === 0;
  }

  /**
   * Adds a stand at the end of the line of `resource`.
   *
   * @internal
   */
  append(resource: string, stand: Stand<Turn>): Stand<Turn> {
    const there = this.lines.get(resource);
    if (there !== undefined) return this.lineWith(there, resource).append(stand);
    stand.at = resource;
    this.lines.set(resource, stand);
    return stand;
  }

  /**
   * Takes a place out of a line.
   *
   * @internal
   * @returns the place that is first now, if it was not before
   */
  unlink(stand: Stand<Turn>): PlaceInLine<Turn> | undefined {
    const { line, resource } = stand;
    if (resource === undefined) return undefined;
    if (line === undefined) {
      stand.at = undefined;
      this.lines.delete(resource);
      return undefined;
    }
    const wasFirst = line.first === stand;
    line.unlink(stand);
    if (line.first === undefined) this.lines.delete(resource);
    return wasFirst ? line.first?.place : undefined;
  }

  /**
   * Lets a holder stand in line without a place.
   *
   * @internal
   */
  stand(resource: string, holder: LoneHolder<Turn>): void {
    this.lines.set(resource, holder);
  }

  /** A holder leaves the line, with its place if it has got one. A second call does nothing. */
  leave(holder: LoneHolder<Turn>, turn?: Turn): void {
    const { place, resources } = holder;
    if (place !== undefined) {
      place.leave(turn);
      return;
    }
    const [resource = ''] = resources;
    if (this.lines.get(resource) === holder) this.lines.delete(resource);
  }

  /** The line that begins with the caller which was alone until now, or the line that is there already. */
  private lineWith(there: Known<Turn>, resource: string): Line<Turn> {
    if (there instanceof Line) return there;
    const line = new Line<Turn>(resource);
    line.append(isLoneHolder(there) ? this.placeFor(there) : there);
    this.lines.set(resource, line);
    return line;
  }

  private placeFor(holder: LoneHolder<Turn>): PlaceInLine<Turn> {
    const place = new PlaceInLine<Turn>(this, undefined);
    place.becomeFirst();
    place.hold(holder);
    holder.place = place;
    return place;
  }
}

function isLoneHolder<Turn>(there: Known<Turn> | undefined): there is LoneHolder<Turn> {
  return there !== undefined && !(there instanceof Line) && !(there instanceof Stand);
}

function lengthOf(there: Known<unknown> | undefined): number {
  if (there === undefined) return 0;
  return there instanceof Line ? there.length : 1;
}

function firstIn<Turn>(there: Known<Turn> | undefined): Stand<Turn> | undefined {
  if (there instanceof Line) return there.first;
  return there instanceof Stand ? there : undefined;
}
