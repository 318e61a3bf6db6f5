import { LockOptionsError } from './lock-options.error';

type Names = readonly string[];

/** The words for an object of options in an error. */
export interface OptionsPlace {
  /** The name of the object: `defaults` for the options of the module. */
  readonly name: string;
  /** The text before the name of an option: `defaults.` */
  readonly prefix?: string;
  /** The end of "must be an object": ` of lock options` */
  readonly what: string;
  /** The end of "is not": `a lock option` */
  readonly each: string;
}

/**
 * Copies the known options into a plain object. Each is read once: a getter could return another value at the next
 * read, after the check.
 *
 * @param into the object that gets them
 * @throws LockOptionsError for a value that is no object, for an unknown name, and for an option that cannot be
 *   read
 */
export function readOptions<T extends object = Record<string, unknown>>(
  given: unknown,
  known: Names,
  { name, prefix = '', what, each }: OptionsPlace,
  into = {} as T,
): T {
  let object: Record<string, unknown> | undefined;
  let stranger: string | undefined;
  try {
    object = isPlainEnough(given) ? given : undefined;
    if (object !== undefined) stranger = Object.keys(object).find((key) => !known.includes(key));
  } catch {
    throw unreadable(name);
  }
  if (object === undefined) throw new LockOptionsError(name, `must be an object${what}.`);
  if (stranger !== undefined) {
    throw new LockOptionsError(
      prefix + stranger.slice(0, LONGEST_NAME),
      `is not ${each}. Known options are: ${known.join(', ')}.`,
    );
  }
  const options = into as Record<string, unknown>;
  for (const key of known) {
    try {
      const value = object[key];
      if (value !== undefined) options[key] = value;
    } catch {
      throw unreadable(prefix + key);
    }
  }
  return into;
}

const LONGEST_NAME = 40;

function isPlainEnough(given: unknown): given is Record<string, unknown> {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}

/** The error of a getter or proxy is not repeated: it is the caller's, and may contain secrets. */
function unreadable(option: string): LockOptionsError {
  return new LockOptionsError(option, 'could not be read: it throws. Pass a plain object.');
}
