/**
 * The only way in which the library learns what time it is and waits for a later one.
 *
 * The process clock stands behind it in production (`utils/system-clock.ts`); a test or a simulator puts a
 * virtual one in its place and so replays any history.
 */
export interface Clock {
  /** Monotonic time in milliseconds, with fractions. Stands still while a virtual machine is suspended. */
  now(): number;

  /** Wall-clock time in milliseconds since 1970. Goes on while a virtual machine is suspended; may jump. */
  wallNow(): number;

  /**
   * Calls `callback` once, no earlier than `delayMs` from now.
   *
   * A `background` timer does not keep the process alive: nobody is waiting for it. The callback runs outside of the
   * async context of the caller (see `core/detached.ts`).
   */
  schedule(delayMs: number, callback: () => void, options?: { background?: boolean }): Timer;

  /**
   * Calls `callback` after every reply that has already arrived at this process was delivered.
   *
   * After a stall of the event loop the timers run before the sockets are read. A deadline that asks first, and
   * judges afterwards, does not call a node late that answered in time.
   */
  afterArrivedReplies(callback: () => void): void;
}

/** A pending `Clock.schedule`. */
export interface Timer {
  /** Forgets the callback. Harmless when it has run already. */
  cancel(): void;
}
