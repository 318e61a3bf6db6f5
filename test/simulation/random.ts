/** Chance that a seed replays. Each part of the world has its own stream, so that one part does not shift another. */
export class Random {
  private state: number;

  constructor(seed: number, stream = 0) {
    this.state = mix(mix(seed >>> 0) ^ mix((stream + 0x9e3779b9) >>> 0) ^ Math.floor(seed / 2 ** 32));
  }

  /** From 0 (inclusive) to 1 (exclusive). */
  readonly fraction = (): number => {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    return mix(this.state) / 2 ** 32;
  };

  between(low: number, high: number): number {
    return low + (high - low) * this.fraction();
  }

  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number {
    return Math.floor(this.between(low, high + 1));
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    const chosen = choices[Math.floor(this.fraction() * choices.length)];
    if (chosen === undefined) throw new Error('nothing to pick from');
    return chosen;
  }

  shuffle<T>(items: T[]): T[] {
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.whole(0, last);
      [items[last], items[other]] = [items[other] as T, items[last] as T];
    }
    return items;
  }
}

function mix(value: number): number {
  let t = Math.imul(value ^ (value >>> 15), value | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  t ^= t >>> 14;
  t = Math.imul(t ^ (t >>> 16), 0x45d9f3b);
  return (t ^ (t >>> 16)) >>> 0;
}
