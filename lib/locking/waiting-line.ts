/**
 * The lines of this process: one per resource, first come first served. Only who is first in the lines of all its
 * resources asks the nodes (R15); it stays there until its hold has ended.
 *
 * A caller joins all its lines at the same moment, so two callers with several resources never wait for each other.
 * Whoever joins must leave: that is what ends a line.
 */
export class WaitingLine {
  private readonly lines = new Map<string, Line>();

  /** @param onFirst called when the place has become first in all its lines; not if it is so from the beginning */
  join(resources: readonly string[], onFirst: () => void): PlaceInLine {
    const place = new PlaceInLine(this, onFirst);
    for (const resource of resources) place.stand(this.lineFor(resource));
    place.becomeFirst();
    return place;
  }

  /** Nobody is in any line, so nothing is kept in memory (R18). */
  get isEmpty(): boolean {
    return this.lines.size === 0;
  }

  /** @internal */
  remove(line: Line): void {
    this.lines.delete(line.resource);
  }

  private lineFor(resource: string): Line {
    const existing = this.lines.get(resource);
    if (existing !== undefined) return existing;
    const line = new Line(resource);
    this.lines.set(resource, line);
    return line;
  }
}

/** One caller's place in the lines of all its resources. */
export class PlaceInLine {
  private readonly stands: Stand[] = [];
  private state: 'waiting' | 'first' | 'left' = 'waiting';

  constructor(
    private readonly waitingLine: WaitingLine,
    /** @internal */
    readonly onFirst: () => void,
  ) {}

  get isFirst(): boolean {
    return this.state === 'first';
  }

  /** Gives up the place, wherever in the line it is. Harmless when done twice. */
  leave(): void {
    this.state = 'left';
    const next: PlaceInLine[] = [];
    for (const stand of this.stands.splice(0)) {
      const { line } = stand;
      const wasFirst = line.first === stand;
      line.unlink(stand);
      if (line.first === undefined) this.waitingLine.remove(line);
      else if (wasFirst) next.push(line.first.place);
    }
    for (const place of next) if (place.becomeFirst()) place.onFirst();
  }

  /** @internal */
  stand(line: Line): void {
    this.stands.push(line.append(this));
  }

  /** @internal Whether it was not first until now, and is. */
  becomeFirst(): boolean {
    if (this.state !== 'waiting' || !this.stands.every((stand) => stand.line.first === stand)) return false;
    this.state = 'first';
    return true;
  }
}

interface Stand {
  readonly place: PlaceInLine;
  readonly line: Line;
  before: Stand | undefined;
  behind: Stand | undefined;
}

/** A linked list: a waiter that gives up in the middle of a thousand costs no more than the first. */
class Line {
  first: Stand | undefined;
  private last: Stand | undefined;

  constructor(readonly resource: string) {}

  append(place: PlaceInLine): Stand {
    const stand: Stand = { place, line: this, before: this.last, behind: undefined };
    if (this.last === undefined) this.first = stand;
    else this.last.behind = stand;
    this.last = stand;
    return stand;
  }

  unlink({ before, behind }: Stand): void {
    if (before === undefined) this.first = behind;
    else before.behind = behind;
    if (behind === undefined) this.last = before;
    else behind.before = before;
  }
}
