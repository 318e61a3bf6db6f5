/** What the names of fencing counters begin with, below the prefix of the locks. No resource may. */
export const FENCE_COUNTERS = '#fence:';
