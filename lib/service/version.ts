/** The version of the package. A test compares the two. */
export const VERSION = '0.1.0';

/**
 * Versions with the same line work together: before 1.0 the line is the minor version, from then on the major one.
 */
export const LINE = VERSION.split('.')
  .slice(0, VERSION.startsWith('0.') ? 2 : 1)
  .join('.');
