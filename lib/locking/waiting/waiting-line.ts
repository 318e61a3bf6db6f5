import { SmallMap } from '../../collections/small-map';
import { Line, PlaceInLine, type Stand, type Standing, type Waiter } from './place-in-line';

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
    place.stand(resources.map((resource) => this.lineFor(resource)));
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
   * Takes somebody out of a line.
   *
   * @internal
   * @returns whose turn it is there, if it was not before
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
