/** The time in milliseconds on the monotonic clock of the machine, which is the same in all its processes. */
export function sharedNow() {
  return Number(process.hrtime.bigint()) / 1e6;
}
