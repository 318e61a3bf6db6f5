/** What a {@link UnorderedBag} keeps. Only the bag writes `bagPosition`. */
export interface InUnorderedBag {
  /** Where in the bag it is; -1 when it is not. Start with -1. */
  bagPosition: number;
}

/**
 * Objects in no order, each of which knows its position. For what comes and goes with every lock, in place of a `Set`,
 * whose outgrown tables would keep it alive for long ("Dies young" in docs/ARCHITECTURE.md).
 */
export class UnorderedBag<T extends InUnorderedBag> {
  private readonly members: T[] = [];

  get size(): number {
    return this.members.length;
  }

  all(): readonly T[] {
    return [...this.members];
  }

  /** Harmless when it is in the bag. */
  add(member: T): void {
    if (member.bagPosition < 0) member.bagPosition = this.members.push(member) - 1;
  }

  /** Harmless when it is not in the bag. */
  remove(member: T): void {
    const position = member.bagPosition;
    if (position < 0) return;
    const last = this.members.pop();
    member.bagPosition = -1;
    if (last === undefined || last === member) return;
    this.members[position] = last;
    last.bagPosition = position;
  }
}
