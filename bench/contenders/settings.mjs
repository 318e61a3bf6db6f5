/** The same for everybody. Short enough to be real, long enough that nothing expires while it is measured. */
export const TTL_MS = 10_000;

/** How long a caller is willing to wait: longer than any measurement. */
export const WAIT_MS = 60_000;
