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
    this.moveTo(member.queuePosition < 0 ? this.heap.length : member.queuePosition, member, dueAtMs);
  }

  /** Removes an object. It does nothing if the object is not in the queue. */
  remove(member: T): void {
    const position = member.queuePosition;
    if (position < 0) return;
    const last = this.heap.pop();
    const lastDueAtMs = this.dueAtMs.pop();
    member.queuePosition = -1;
    if (last !== undefined && lastDueAtMs !== undefined && last !== member)
      this.moveTo(position, last, lastDueAtMs);
  }

  /** Moves the gap at `position` to where an object with this due time belongs, and puts the object there. */
  private moveTo(position: number, member: T, dueAtMs: number): void {
    const { heap, dueAtMs: times } = this;
    let at = position;
    for (let parent = (at - 1) >> 1; at > 0 && timeAt(times, parent) > dueAtMs; parent = (at - 1) >> 1) {
      this.place(at, heap[parent] as T, timeAt(times, parent));
      at = parent;
    }
    for (
      let child = this.earlierChildOf(at);
      timeAt(times, child) < dueAtMs;
      child = this.earlierChildOf(at)
    ) {
      this.place(at, heap[child] as T, timeAt(times, child));
      at = child;
    }
    this.place(at, member, dueAtMs);
  }

  private earlierChildOf(position: number): number {
    const [left, right] = [2 * position + 1, 2 * position + 2];
    return timeAt(this.dueAtMs, right) < timeAt(this.dueAtMs, left) ? right : left;
  }

  private place(position: number, member: T, dueAtMs: number): void {
    this.heap[position] = member;
    this.dueAtMs[position] = dueAtMs;
    member.queuePosition = position;
  }
}

/** The time at a position. Behind the end nothing is ever due. */
function timeAt(times: readonly number[], position: number): number {
  return position < times.length ? (times[position] as number) : Infinity;
}
