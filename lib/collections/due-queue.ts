/** An object that a {@link DueQueue} can keep. Only the queue writes `queuePosition`. */
export interface Due {
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
 * So moving or removing one of 100,000 takes a few steps, and leaves nothing behind. The due times have an array of
 * their own: a number with fractions in a field of each object would take three times as much memory.
 */
export class DueQueue<T extends Due> {
  private readonly heap: T[] = [];
  /** The due time of each object in `heap`, at the same position. */
  private readonly dueAtMs: number[] = [];

  get size(): number {
    return this.heap.length;
  }

  get first(): T | undefined {
    return this.heap[0];
  }

  /** The time at which the first object is due. Infinity if the queue is empty. */
  get firstDueAtMs(): number {
    return this.dueAtMs[0] ?? Infinity;
  }

  all(): readonly T[] {
    return [...this.heap];
  }

  /** Adds an object, or moves it to its new due time. */
  put(member: T, dueAtMs: number): void {
    this.placeFrom(member.queuePosition < 0 ? this.heap.length : member.queuePosition, member, dueAtMs);
  }

  /** Removes an object. It does nothing if the object is not in the queue. */
  remove(member: T): void {
    const position = member.queuePosition;
    if (position < 0) return;
    const last = this.heap.pop();
    const lastDueAtMs = this.dueAtMs.pop();
    member.queuePosition = -1;
    if (last !== undefined && lastDueAtMs !== undefined && last !== member)
      this.placeFrom(position, last, lastDueAtMs);
  }

  /** Puts an object where its due time belongs. There is a gap at `position`, which moves there. */
  private placeFrom(position: number, member: T, dueAtMs: number): void {
    const gap = this.sinkTowardsEnd(this.riseTowardsFront(position, dueAtMs), dueAtMs);
    this.place(gap, member, dueAtMs);
  }

  /** @returns the position of the gap when no parent of it is due later than that */
  private riseTowardsFront(gap: number, dueAtMs: number): number {
    const parent = (gap - 1) >> 1;
    if (gap === 0 || this.timeAt(parent) <= dueAtMs) return gap;
    this.move(parent, gap);
    return this.riseTowardsFront(parent, dueAtMs);
  }

  /** @returns the position of the gap when no child of it is due earlier than that */
  private sinkTowardsEnd(gap: number, dueAtMs: number): number {
    const [left, right] = [2 * gap + 1, 2 * gap + 2];
    const child = this.timeAt(right) < this.timeAt(left) ? right : left;
    if (this.timeAt(child) >= dueAtMs) return gap;
    this.move(child, gap);
    return this.sinkTowardsEnd(child, dueAtMs);
  }

  private move(from: number, to: number): void {
    this.place(to, this.heap[from] as T, this.timeAt(from));
  }

  private place(position: number, member: T, dueAtMs: number): void {
    this.heap[position] = member;
    this.dueAtMs[position] = dueAtMs;
    member.queuePosition = position;
  }

  /** The time at a position. Behind the end nothing is ever due. */
  private timeAt(position: number): number {
    return position < this.dueAtMs.length ? (this.dueAtMs[position] as number) : Infinity;
  }
}
