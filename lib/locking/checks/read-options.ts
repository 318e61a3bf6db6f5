import { LockOptionsError } from '../../errors/lock-options.error';

type Names = readonly string[];

/** How an object of options is called in an error, and its names in one that has others. */
export interface OptionsPlace {
  /** `defaults` where the options are those of the module. */
  readonly name: string;
  /** What stands before the name of an option: `defaults.` */
  readonly prefix?: string;
  /** Ends "must be an object": ` of lock options` */
  readonly what: string;
  /** Ends "is not": `a lock option` */
  readonly each: string;
}

/**
 * The known options in a plain object, each of them read once: a getter could give another value at the next look, when
 * nobody checks it any more.
 *
 * @param into takes them
 * @throws LockOptionsError for what is no object, for a name that is not known, and for what cannot be read
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
      `is not ${each}. Known are: ${known.join(', ')}.`,
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

/** What a getter or a proxy throws is the caller's, and may show what no error of ours should. */
function unreadable(option: string): LockOptionsError {
  return new LockOptionsError(option, 'could not be read: it throws. Pass a plain object.');
}
