/**
 * Calls back, and ignores what the callback throws. An error would become an unhandled rejection, which ends the
 * process, or it would stop the callbacks after this one.
 */
export function callSafely<T>(callback: (value: T) => void, value: T): void {
  try {
    callback(value);
  } catch {
    // There is nobody to tell.
  }
}
