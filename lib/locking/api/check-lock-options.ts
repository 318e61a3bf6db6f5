import type { LockOptions } from './lock-options';
import { checkLockOption, LOCK_OPTIONS, notPossible } from './lock-option-rules';
import { readOptions } from '../../errors/read-options';

/** The copy that {@link checkEachLockOption} makes. It need not be checked again. */
class CheckedOptions {
  readonly #isChecked = true;

  /** @param value may be a proxy, which throws when anything of it is read */
  static is(value: unknown): value is LockOptions {
    return typeof value === 'object' && value !== null && #isChecked in value;
  }
}

/**
 * Checks the value of every option by itself, for options that are written down before the module exists.
 *
 * @param prefix the text before the name in an error: `defaults.`
 * @returns a plain copy, which cannot change after the check
 */
export function checkEachLockOption(given: unknown, prefix = ''): LockOptions {
  if (CheckedOptions.is(given)) return given;
  const place = {
    name: prefix === '' ? 'options' : prefix.slice(0, -1),
    prefix,
    what: ' of lock options',
    each: 'a lock option',
  };
  const options = readOptions<LockOptions>(given, LOCK_OPTIONS, place, new CheckedOptions() as LockOptions);
  // Only undefined counts as left out. Null is a wrong value.
  for (const name of LOCK_OPTIONS) {
    const value = options[name];
    if (value !== undefined) checkLockOption(name, value, prefix + name);
  }
  checkKind(options, prefix);
  return options;
}

/** Checks if mode, limit and permits fit together, and fit the other options. */
function checkKind({ mode, limit, permits, fencing, holdAtLeast }: LockOptions, prefix: string): void {
  const isShared = mode === 'shared';
  check(
    !isShared || limit === undefined,
    `${prefix}limit`,
    limit,
    "must be left out with mode: 'shared', which has no limit",
  );
  check(
    permits === undefined || limit !== undefined,
    `${prefix}permits`,
    permits,
    'needs a limit: say how many permits of the resource there are',
  );
  check(
    permits === undefined || limit === undefined || permits <= limit,
    `${prefix}permits`,
    permits,
    `must not exceed limit (${limit}), since more can never be free`,
  );
  check(
    !isShared || fencing !== true,
    `${prefix}fencing`,
    fencing,
    "must be left out with mode: 'shared': readers are not numbered, since several hold the resource at once",
  );
  check(
    !isShared || holdAtLeast === undefined || holdAtLeast === 0,
    `${prefix}holdAtLeast`,
    holdAtLeast,
    "must be left out with mode: 'shared': it would keep writers out after the reader is done",
  );
}

function check(isRight: boolean, option: string, value: unknown, rule: string): asserts isRight {
  if (!isRight) throw notPossible(option, value, rule);
}
