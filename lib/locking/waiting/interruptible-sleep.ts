import type { Clock, Timer } from '../../ports/clock.interface';
import { onAbort } from './on-abort';

/**
 * The sleep of a caller that waits for a lock. It ends when it is woken, at its deadline, or when somebody cancels
 * it.
 */
export class InterruptibleSleep {
  private readonly deadlineMs: number;
  private cancelled: { readonly reason: unknown } | undefined;
  private wokenEarly = false;
  private sleeper: { readonly awake: () => void; readonly atMs: number; readonly timer: Timer } | undefined;
  private onCancel: ((reason: unknown) => void) | undefined;
  private readonly stopListening: (() => void) | undefined;

  /** @param startedAtMs the beginning of the wait, on the monotonic clock */
  constructor(
    private readonly clock: Clock,
    readonly startedAtMs: number,
    readonly waitMs: number,
    signal: AbortSignal | undefined,
    /** Hears of the first `cancel`. */
    private readonly onCancelled: { cancelled(reason: unknown): void },
  ) {
    this.deadlineMs = startedAtMs + waitMs;
    if (signal === undefined) return;
    this.stopListening = onAbort(signal, () => {
      this.cancel(signal.reason);
    });
  }

  get isOver(): boolean {
    return this.clock.now() >= this.deadlineMs;
  }

  get remainingMs(): number {
    return this.deadlineMs - this.clock.now();
  }

  /**
   * Resolves after `delayMs`, at the deadline or when woken, whichever comes first. A wake-up that came since the
   * last sleep counts, so none is missed between looking and sleeping.
   *
   * @throws the reason of `cancel`
   */
  sleep(delayMs: number): Promise<void> {
    // This makes one promise and no chain of promises, since very many callers may sleep.
    const isAwake = this.wokenEarly || this.cancelled !== undefined;
    const slept = isAwake ? AWAKE : this.sleepUntil(Math.min(this.clock.now() + delayMs, this.deadlineMs));
    return slept.then(() => {
      this.wokenEarly = false;
      this.throwIfCancelled();
    });
  }

  /** Like `sleep`, but the deadline does not end it. */
  async sleepPastDeadline(delayMs: number): Promise<void> {
    this.throwIfCancelled();
    await this.sleepUntil(this.clock.now() + delayMs);
    this.throwIfCancelled();
  }

  wake(): void {
    if (this.sleeper === undefined) this.wokenEarly = true;
    else this.sleeper.awake();
  }

  /** Shortens the present sleep. If there is none, the next one is skipped. */
  wakeWithin(delayMs: number): void {
    if (this.sleeper === undefined) {
      this.wokenEarly = true;
      return;
    }
    const { awake, atMs, timer } = this.sleeper;
    const soonerMs = this.clock.now() + delayMs;
    // A hint may only shorten the sleep. Otherwise a stream of hints, each for a later moment, would make it sleep
    // for ever.
    if (soonerMs >= atMs) return;
    timer.cancel();
    this.sleeper = { awake, atMs: soonerMs, timer: this.clock.schedule(delayMs, awake) };
  }

  /** Forgets wake-ups since the last sleep, since they are no news any more. */
  forgetWake(): void {
    this.wokenEarly = false;
  }

  /** Ends the waiting with `reason`, for good. */
  cancel(reason: unknown): void {
    if (this.cancelled !== undefined) return;
    this.cancelled = { reason };
    this.sleeper?.awake();
    this.onCancel?.(reason);
    this.onCancelled.cancelled(reason);
  }

  throwIfCancelled(): void {
    if (this.cancelled !== undefined) throw this.cancelled.reason;
  }

  /** Returns the result of `work`, or rejects at once with the reason of `cancel`. The work itself goes on. */
  unlessCancelled<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.onCancel = reject;
      work.then(resolve, reject);
      if (this.cancelled !== undefined) this.onCancel(this.cancelled.reason);
    });
  }

  /** Removes the listener of the signal. */
  end(): void {
    this.stopListening?.();
  }

  private sleepUntil(atMs: number): Promise<void> {
    // Otherwise the result of the work before would stay in memory for as long as this sleep lasts.
    this.onCancel = undefined;
    return new Promise((resolve) => {
      const awake = () => {
        this.sleeper?.timer.cancel();
        this.sleeper = undefined;
        resolve();
      };
      this.sleeper = { awake, atMs, timer: this.clock.schedule(Math.max(0, atMs - this.clock.now()), awake) };
    });
  }
}

const AWAKE = Promise.resolve();
