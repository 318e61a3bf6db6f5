/** With fewer entries than this, the search for expired ones does not pay. */
const SMALLEST = 64;

/**
 * Finds the moments at which expired entries of a map should be removed, so that they do not pile up. The cost per
 * new entry is constant on average.
 */
export class Sweep {
  private atSize = SMALLEST;

  ifGrown<T>(map: Map<string, T>, isOver: (value: T) => boolean): void {
    if (map.size < this.atSize) return;
    for (const [key, value] of map) if (isOver(value)) map.delete(key);
    this.atSize = Math.max(SMALLEST, map.size * 2);
  }
}
