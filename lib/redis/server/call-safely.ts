/**
 * Calls back, and keeps a mistake of the callback away from us: here it would become an unhandled rejection, which
 * ends the process, or stop the callbacks after it.
 */
export function callSafely<T>(callback: (value: T) => void, value: T): void {
  try {
    callback(value);
  } catch {
    // Nobody is there to tell.
  }
}
