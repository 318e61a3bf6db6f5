import type { Clock } from '../../../ports/clock.interface';

/** What `answer` becomes, or a rejection with what `tooLate` makes when that takes longer than `limitMs`. */
export function inTime<T>(
  answer: Promise<T>,
  clock: Clock,
  limitMs: number,
  tooLate: () => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const limit = clock.schedule(limitMs, () => {
      reject(tooLate());
    });
    answer.then(resolve, reject).finally(() => {
      limit.cancel();
    });
  });
}
