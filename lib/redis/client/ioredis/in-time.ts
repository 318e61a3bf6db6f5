import type { Clock } from '../../../ports/clock.interface';

/** Waits for `answer` for at most `limitMs`. After that the promise rejects with the error that `tooLate` makes. */
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
