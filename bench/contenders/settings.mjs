/**
 * The ttl of all contenders. It is short enough to be realistic, and long enough that nothing expires during
 * a measurement.
 */
export const TTL_MS = 10_000;

/** The longest time that a caller waits. It is longer than any measurement. */
export const WAIT_MS = 60_000;
