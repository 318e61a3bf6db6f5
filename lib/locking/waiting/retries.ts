import type { Clock } from '../../ports/clock.interface';
import { outageDelayMs } from './backoff';
import { InterruptibleSleep } from './interruptible-sleep';

export interface RetriesSetup {
  readonly clock: Clock;
  readonly fraction: () => number;
  /** What those who still wait get when the service is closed. */
  readonly closedError: (waitedMs: number) => Error;
}

export interface Patience {
  readonly waitMs: number;
  readonly signal: AbortSignal | undefined;
}

/** What came of one look: what was looked for, or why it is not there yet. */
export type Look<T> = { readonly result: T } | { readonly error: Error };

/** Questions that are asked again while too few nodes answer: until the deadline, the caller's signal, or the end. */
export class Retries {
  private readonly waits = new Set<InterruptibleSleep>();
  private isClosed = false;

  constructor(private readonly setup: RetriesSetup) {}

  /**
   * What `look` gives for a result; at the deadline, the error that it gave last. There is one look at least.
   *
   * @param look is told for how long the caller still waits, 0 at the last one
   */
  async until<T>(
    { waitMs, signal }: Patience,
    look: (leftMs: number, waitedMs: () => number) => Promise<Look<T>>,
  ): Promise<T> {
    const { clock, fraction, closedError } = this.setup;
    signal?.throwIfAborted();
    if (this.isClosed) throw closedError(0);
    const startedAtMs = clock.now();
    const waitedMs = () => clock.now() - startedAtMs;
    const wait = new InterruptibleSleep(clock, startedAtMs, waitMs, signal, nobody);
    this.waits.add(wait);
    try {
      // Ends at the deadline: it is looked at after every look, and sleeping does not pass it.
      for (let looks = 1; ; looks++) {
        const leftMs = Math.max(0, waitMs - waitedMs());
        const seen = await wait.unlessCancelled(look(leftMs, waitedMs));
        // Cancelled after the answer, before its turn to run: nobody waits for it any more.
        wait.throwIfCancelled();
        if ('result' in seen) return seen.result;
        if (wait.isOver) throw seen.error;
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
    // Whoever waits hears of it from the wait itself.
  },
};
