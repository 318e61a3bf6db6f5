/** An object that an {@link UnorderedBag} can keep. Only the bag writes `bagPosition`. */
export interface InUnorderedBag {
  /** Its position in the bag, or -1 while it is not in the bag. Start with -1. */
  bagPosition: number;
}

/**
 * Objects in no order, each of which knows its position. It replaces a `Set` for what comes and goes with every
 * lock: the old tables of a `Set` would keep such objects alive for long ("Short-lived objects" in
 * docs/ARCHITECTURE.md).
 */
export class UnorderedBag<T extends InUnorderedBag> {
  private readonly members: T[] = [];

  get size(): number {
    return this.members.length;
  }

  all(): readonly T[] {
    return [...this.members];
  }

  some(isSo: (member: T) => boolean): boolean {
    return this.members.some(isSo);
  }

  /** Adds an object. It does nothing if the object is in the bag already. */
  add(member: T): void {
    if (member.bagPosition < 0) member.bagPosition = this.members.push(member) - 1;
  }

  /** Removes an object. It does nothing if the object is not in the bag. */
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
