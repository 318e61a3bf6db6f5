import type { Clock } from '../../ports/clock.interface';
import { outageDelayMs } from './backoff';
import { InterruptibleSleep } from './interruptible-sleep';
import { laterTurn } from '../../core/later-turn';

export interface RetriesSetup {
  readonly clock: Clock;
  readonly fraction: () => number;
  /** Makes the error for calls that still wait when the service is closed. */
  readonly closedError: (waitedMs: number) => Error;
}

export interface Patience {
  readonly waitMs: number;
  readonly signal: AbortSignal | undefined;
}

/** The result of one look: the thing that was looked for, or the reason why it is not there yet. */
export type Look<T> = { readonly result: T } | { readonly error: Error };

/**
 * Repeats a question while too few nodes answer: until the deadline, the caller's signal, or the end of the
 * service.
 */
export class Retries {
  private readonly waits = new Set<InterruptibleSleep>();
  private isClosed = false;

  constructor(private readonly setup: RetriesSetup) {}

  /**
   * Repeats `look` until it has a result, and returns that. At the deadline it throws the last error of `look`. It
   * looks at least once.
   *
   * @param look gets the time that the caller still waits, 0 at the last look
   */
  async until<T>(
    { waitMs, signal }: Patience,
    look: (leftMs: number, waitedMs: () => number) => Promise<Look<T>>,
  ): Promise<T> {
    const { clock, fraction, closedError } = this.setup;
    if (this.isClosed || signal?.aborted === true) {
      await laterTurn(clock);
      signal?.throwIfAborted();
      throw closedError(0);
    }
    const startedAtMs = clock.now();
    const waitedMs = () => clock.now() - startedAtMs;
    const wait = new InterruptibleSleep(clock, startedAtMs, waitMs, signal, nobody);
    this.waits.add(wait);
    try {
      // The loop ends at the deadline: it is checked after every look, and a sleep does not last longer.
      for (let looks = 1; ; looks++) {
        const leftMs = Math.max(0, waitMs - waitedMs());
        const seen = await wait.unlessCancelled(look(leftMs, waitedMs));
        // The call was cancelled after the answer, but before this code could run. Nobody waits for the answer any
        // more.
        wait.throwIfCancelled();
        if ('result' in seen) return seen.result;
        if (wait.isOver) {
          await laterTurn(clock);
          throw seen.error;
        }
        await wait.sleep(outageDelayMs(looks, fraction()));
      }
    } finally {
      this.waits.delete(wait);
      wait.end();
    }
  }

  close(): void {
    this.isClosed = true;
    const now = this.setup.clock.now();
    for (const wait of this.waits) wait.cancel(this.setup.closedError(now - wait.startedAtMs));
  }
}

const nobody = {
  cancelled(): void {
    // The waiting call hears of it from the sleep itself.
  },
};
