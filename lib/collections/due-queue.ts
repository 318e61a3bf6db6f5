/** An object that a {@link DueQueue} can keep. Only the queue writes `queuePosition`. */
export interface Due {
  /** The time at which it is due, on the monotonic clock. Only `DueQueue.put` changes it. */
  dueAtMs: number;
  /** Its position in the queue, or -1 while it is not in the queue. Start with -1. */
  queuePosition: number;
}

/**
 * Objects ordered by due time, earliest first. It is a binary heap in which each object knows its position:
 *
 * ```text
 *  heap:      0        parent of i: (i - 1) / 2
 *           /   \
 *          1     2     an object at i is never due before its parent
 *         / \
 *        3   4
 * ```
 *
 * So moving or removing one of 100,000 takes a few steps, and leaves nothing behind.
 */
export class DueQueue<T extends Due> {
  private readonly heap: T[] = [];

  get size(): number {
    return this.heap.length;
  }

  get first(): T | undefined {
    return this.heap[0];
  }

  all(): readonly T[] {
    return [...this.heap];
  }

  /** Adds an object, or moves it to its new due time. */
  put(member: T, dueAtMs: number): void {
    member.dueAtMs = dueAtMs;
    if (member.queuePosition < 0) this.place(member, this.heap.length);
    this.sinkTowardsEnd(this.riseTowardsFront(member));
  }

  /** Removes an object. It does nothing if the object is not in the queue. */
  remove(member: T): void {
    const position = member.queuePosition;
    if (position < 0) return;
    const last = this.heap.pop();
    member.queuePosition = -1;
    if (last === undefined || last === member) return;
    this.place(last, position);
    this.sinkTowardsEnd(this.riseTowardsFront(last));
  }

  private riseTowardsFront(member: T): T {
    for (;;) {
      const position = member.queuePosition;
      const parent = this.heap[(position - 1) >> 1];
      if (position === 0 || parent === undefined || parent.dueAtMs <= member.dueAtMs) return member;
      this.place(member, parent.queuePosition);
      this.place(parent, position);
    }
  }

  private sinkTowardsEnd(member: T): void {
    for (;;) {
      const position = member.queuePosition;
      const child = this.earlierOf(this.heap[2 * position + 1], this.heap[2 * position + 2]);
      if (child === undefined || member.dueAtMs <= child.dueAtMs) return;
      this.place(member, child.queuePosition);
      this.place(child, position);
    }
  }

  private earlierOf(left: T | undefined, right: T | undefined): T | undefined {
    return left === undefined || right === undefined || left.dueAtMs <= right.dueAtMs ? left : right;
  }

  private place(member: T, position: number): void {
    this.heap[position] = member;
    member.queuePosition = position;
  }
}
