/** Something that will happen. */
export interface Happening {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
  isCancelled: boolean;
}

/** True time, which nobody in the world can read, and what will happen in it: earliest first, then as planned. */
export class Timeline {
  nowMs = 0;
  /** How many things have happened. */
  happened = 0;

  private readonly heap: Happening[] = [];
  private planned = 0;

  at(atMs: number, run: () => void): Happening {
    const happening = { atMs: Math.max(atMs, this.nowMs), order: this.planned++, run, isCancelled: false };
    this.push(happening);
    return happening;
  }

  after(delayMs: number, run: () => void): Happening {
    return this.at(this.nowMs + delayMs, run);
  }

  /** Moves to the next happening, if there is one until `untilMs`. The caller runs it. */
  next(untilMs: number): Happening | undefined {
    for (let first = this.heap[0]; first !== undefined && first.atMs <= untilMs; first = this.heap[0]) {
      this.pop();
      if (first.isCancelled) continue;
      this.nowMs = first.atMs;
      this.happened += 1;
      return first;
    }
    return undefined;
  }

  private push(happening: Happening): void {
    const { heap } = this;
    let position = heap.length;
    heap.push(happening);
    while (position > 0) {
      const parent = (position - 1) >> 1;
      const above = heap[parent] as Happening;
      if (!isBefore(happening, above)) break;
      heap[position] = above;
      position = parent;
    }
    heap[position] = happening;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop() as Happening;
    if (heap.length === 0) return;
    let position = 0;
    for (;;) {
      let child = 2 * position + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Happening, heap[child] as Happening))
        child += 1;
      if (!isBefore(heap[child] as Happening, last)) break;
      heap[position] = heap[child] as Happening;
      position = child;
    }
    heap[position] = last;
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
