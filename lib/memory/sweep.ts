/** Below this number of entries it does not pay to look for those that are over. */
const SMALLEST = 64;

/** Keeps what nobody removes from piling up in a map, at a cost that is constant per new entry on average. */
export class Sweep {
  private atSize = SMALLEST;

  ifGrown<T>(map: Map<string, T>, isOver: (value: T) => boolean): void {
    if (map.size < this.atSize) return;
    for (const [key, value] of map) if (isOver(value)) map.delete(key);
    this.atSize = Math.max(SMALLEST, map.size * 2);
  }
}
