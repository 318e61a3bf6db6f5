import { setImmediate } from 'node:timers';

/**
 * Asks again and again without a pause, as a worker that goes on whatever it hears. It ends when the process came to
 * something else, and returns the last answer. Fake timers do not keep the process from that.
 */
export async function askUntilTheProcessGoesOn(ask: () => Promise<unknown>): Promise<unknown> {
  const other = { isDone: false };
  setImmediate(() => {
    other.isDone = true;
  });
  for (let times = 1; times <= 1_000; times++) {
    const answer = await ask().catch((error: unknown) => error);
    if (other.isDone) return answer;
  }
  throw new Error('the process never came to anything else');
}
