/** What the names of fencing counters begin with, below the prefix of the locks. No resource may. */
export const FENCE_COUNTERS = '#fence:';

/** What the name of a line begins with, up to a colon, and that of the place where it keeps how long its entries last. */
export const LINES = 'line:who';
export const LINE_ENDS = 'line:seen';

/**
 * What the names of the resources begin with that `doctor` locks for a moment to try its rights. They protect nothing, so
 * whoever lists locks leaves them out.
 */
export const TRIALS = 'nestjs-redlock:doctor:';
