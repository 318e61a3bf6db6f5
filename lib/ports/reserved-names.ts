/** The begin of the names of fencing counters, after the prefix of the locks. No resource may begin with it. */
export const FENCE_COUNTERS = '#fence:';

/**
 * The begin of the name of a line, up to a colon, and of the key that keeps how long the entries of the line last.
 */
export const LINES = 'line:who';
export const LINE_ENDS = 'line:seen';

/**
 * The begin of the resources that `doctor` locks for a moment to try its rights. They protect nothing, so listings
 * of locks leave them out.
 */
export const TRIALS = 'nestjs-redlock:doctor:';
