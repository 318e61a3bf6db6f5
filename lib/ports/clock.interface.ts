/** Tells what time it is. */
export interface TimeSource {
  /** Monotonic time in milliseconds, with fractions. It stands still while a virtual machine is suspended. */
  now(): number;

  /**
   * Wall-clock time in milliseconds since 1970. It goes on while a virtual machine is suspended, and it may jump.
   */
  wallNow(): number;
}

/**
 * Tells the library what time it is, and calls it back at a later time. The library reads no other clock.
 *
 * In production this is the clock of the process (`system/system-clock.ts`). Tests and the simulator use a virtual
 * clock instead, so they can replay any history.
 */
export interface Clock extends TimeSource {
  /**
   * Calls `callback` once, no earlier than `delayMs` from now.
   *
   * A `background` timer does not keep the process alive, since nobody waits for it. The callback runs outside of
   * the caller's async context (see `ports/detached.ts`).
   */
  schedule(delayMs: number, callback: () => void, options?: { background?: boolean }): Timer;

  /**
   * Calls `callback` after every reply that has already arrived at this process was delivered.
   *
   * When the event loop was blocked, timers run before the sockets are read. A deadline that judged at once would
   * call a node late although its answer has arrived. So the deadline calls this method first, and judges in the
   * callback.
   */
  afterArrivedReplies(callback: () => void): void;

  /**
   * Calls `callback` in a later turn of the event loop, so that timers and sockets have had their turn before. Fake
   * timers of a test do not hold it back.
   */
  inLaterTurn(callback: () => void): void;
}

/** A call of `Clock.schedule` that has not run yet. */
export interface Timer {
  /** Cancels the call. It does nothing if the callback has run already. */
  cancel(): void;
}
