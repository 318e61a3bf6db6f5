import { SmallMap } from '../../collections/small-map';
import { Line, PlaceInLine, type Stand, type Standing, type Waiter } from './place-in-line';

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
  /** Each line. Where one caller is alone, only that caller. */
  private readonly lines = new SmallMap<Line<Turn> | Stand<Turn>>();

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
    return taken === undefined ? undefined : firstIn(this.lines.get(taken))?.place.standing;
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

  /** The line that begins with the caller which was alone until now, or the line that is there already. */
  private lineWith(there: Line<Turn> | Stand<Turn>, resource: string): Line<Turn> {
    if (there instanceof Line) return there;
    const line = new Line<Turn>(resource);
    line.append(there);
    this.lines.set(resource, line);
    return line;
  }
}

function lengthOf(there: Line<unknown> | Stand<unknown> | undefined): number {
  if (there === undefined) return 0;
  return there instanceof Line ? there.length : 1;
}

function firstIn<Turn>(there: Line<Turn> | Stand<Turn> | undefined): Stand<Turn> | undefined {
  return there instanceof Line ? there.first : there;
}
