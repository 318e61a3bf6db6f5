/**
 * Milliseconds on the monotonic clock of the machine, the same in all its processes. `performance.now()` counts from
 * the start of its own process, so the difference is measured once.
 */
const offsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export function sharedNow() {
  return performance.now() + offsetMs;
}
