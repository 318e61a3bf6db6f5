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
  private readonly lines = new SmallMap<Line<Turn>>();

  join(resources: readonly string[], waiter: Waiter<Turn>): PlaceInLine<Turn> {
    const place = new PlaceInLine(this, waiter);
    place.stand(resources.map((resource) => this.lineFor(resource)));
    place.becomeFirst();
    return place;
  }

  /** Tells if more than `most` stand in the line of one of these resources, the first one included. */
  isLongerThan(most: number, resources: readonly string[]): boolean {
    if (this.lines.size === 0) return false;
    return resources.some((resource) => (this.lines.get(resource)?.length ?? 0) > most);
  }

  /** The first caller in a line of one of these resources. */
  firstOf(resources: readonly string[]): Standing | undefined {
    const taken = resources.find((resource) => this.lines.has(resource));
    return taken === undefined ? undefined : this.lines.get(taken)?.first?.place.standing;
  }

  /** The caller after the first one that has not asked the nodes for `resource` yet, if it wants nothing else. */
  nextIn(resource: string): PlaceInLine<Turn> | undefined {
    let stand = this.lines.get(resource)?.first?.behind;
    // A caller that got a turn early stays until it has won. It gets no second turn.
    while (stand?.place.isFirst === true) stand = stand.behind;
    return stand?.place.isForOneResource === true ? stand.place : undefined;
  }

  /** The first caller in the line of `resource`. */
  frontOf(resource: string): Waiter<Turn> | undefined {
    return this.lines.get(resource)?.first?.place.waiter;
  }

  /** True if nobody is in any line, so that nothing is kept in memory (R18). */
  get isEmpty(): boolean {
    return this.lines.size === 0;
  }

  /**
   * Takes a place out of a line.
   *
   * @internal
   * @returns the place that is first now, if it was not before
   */
  unlink(stand: Stand<Turn>): PlaceInLine<Turn> | undefined {
    const { line } = stand;
    if (line === undefined) return undefined;
    const wasFirst = line.first === stand;
    line.unlink(stand);
    if (line.first === undefined) this.lines.delete(line.resource);
    return wasFirst ? line.first?.place : undefined;
  }

  private lineFor(resource: string): Line<Turn> {
    const existing = this.lines.get(resource);
    if (existing !== undefined) return existing;
    const line = new Line<Turn>(resource);
    this.lines.set(resource, line);
    return line;
  }
}
