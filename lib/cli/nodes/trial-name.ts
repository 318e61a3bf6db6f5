/**
 * What the names of the resources begin with that `doctor` locks for a moment to try its rights. They protect nothing, so
 * `ls` and `watch` leave them out.
 */
export const TRIAL_NAME = 'nestjs-redlock:doctor:';
