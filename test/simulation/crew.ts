import type { BrokenHistory, Stretch, StretchResult } from './stretch';

/** So short that nobody waits for long for the last ones, and so long that sending them costs nothing. */
export const STRETCH_SEEDS = 10;

/** Runs the histories of a stretch, one stretch at a time. */
export type StretchRunner = (stretch: Stretch) => Promise<StretchResult>;

export interface Search extends Omit<Stretch, 'from' | 'count'> {
  readonly from: number;
  /** Infinity: until `isOver`. */
  readonly count: number;
  readonly isOver?: () => boolean;
  /** Hears of all stretches, in the order of their seeds. */
  readonly onResult?: (result: StretchResult) => void;
}

/**
 * Searches with several runners at a time. What is found does not depend on how many there are, or on how fast they
 * are: the first history that goes wrong is the one with the smallest seed.
 */
export class Crew {
  constructor(private readonly runners: readonly StretchRunner[]) {}

  /** @returns the first history that goes wrong; undefined if there is none, or if the whole search was wanted */
  async search({ isOver, onResult, from, count, ...how }: Search): Promise<BrokenHistory | undefined> {
    const end = from + count;
    const early = new Map<number, StretchResult>();
    let next = from;
    let told = from;
    let first: BrokenHistory | undefined;
    let isFound = false;

    const tellInOrder = () => {
      for (let result = early.get(told); result !== undefined; result = early.get(told)) {
        early.delete(told);
        told += STRETCH_SEEDS;
        if (first !== undefined) continue;
        onResult?.(result);
        if (how.isWhole !== true) first = result.broken[0];
      }
    };
    const workWith = async (runner: StretchRunner) => {
      while (!isFound && next < end && isOver?.() !== true) {
        const stretch = { ...how, from: next, count: Math.min(STRETCH_SEEDS, end - next) };
        next += STRETCH_SEEDS;
        const result = await runner(stretch);
        // It need not be the first, which may be in a stretch that still runs. But nobody has to look further.
        isFound ||= how.isWhole !== true && result.broken.length > 0;
        early.set(stretch.from, result);
        tellInOrder();
      }
    };
    await Promise.all(this.runners.map(workWith));
    return first;
  }
}
