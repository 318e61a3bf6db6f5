import { LockKeyError } from '../../errors/lock-key.error';
import { checkResource, checkResources, MOST_NAMES } from './check-resources';

export type { LockTarget, LockTargets } from './lock-target';

/** The checked resources of a call that only reads some of them. */
export class MixedTargets {
  constructor(
    /** All of the names, without duplicates and sorted. */
    readonly names: readonly string[],
    /** The names that are only read, sorted; at least one. */
    readonly shared: readonly string[],
  ) {}

  get areAllShared(): boolean {
    return this.names.length === this.shared.length;
  }
}

/** The checked resources of a call: only the names if none of them has a mode of its own. */
export type CheckedTargets = readonly string[] | MixedTargets;

/** Checks the targets of a call. A resource that is asked for both shared and exclusively is held exclusively. */
export function checkTargets(targets: unknown): CheckedTargets {
  if (typeof targets === 'string') return [checkResource(targets)];
  // Nearly all calls have names alone.
  return mentionsOthers(targets) ? split(targets) : checkResources(targets);
}

export function namesOf(targets: CheckedTargets): readonly string[] {
  return targets instanceof MixedTargets ? targets.names : targets;
}

function mentionsOthers(targets: unknown): boolean {
  return readSafely(() => {
    if (!Array.isArray(targets)) return isObject(targets);
    if (targets.length > MOST_NAMES) return false;
    for (let position = 0; position < targets.length; position += 1)
      if (isObject(targets[position])) return true;
    return false;
  });
}

function split(targets: unknown): CheckedTargets {
  // This reads by position, since an iterator of the array could hide something.
  const list = readSafely(() =>
    Array.isArray(targets)
      ? Array.from({ length: targets.length }, (_, position): unknown => targets[position])
      : [targets],
  );
  const exclusive = new Set<string>();
  const shared = new Set<string>();
  for (const target of list) {
    if (isObject(target)) shared.add(checkResource(sharedNameIn(target)));
    else exclusive.add(checkResource(target));
  }
  const onlyRead = [...shared].filter((name) => !exclusive.has(name));
  // This check also limits the number of names.
  const names = checkResources([...exclusive, ...onlyRead]);
  return onlyRead.length === 0 ? names : new MixedTargets(names, onlyRead.sort());
}

/**
 * The name in `{ shared: name }`, read once.
 *
 * @throws LockKeyError for any other object
 */
export function sharedNameIn(target: object): unknown {
  const keys = readSafely(() => Object.keys(target));
  if (keys.length !== 1 || keys[0] !== 'shared') {
    throw new LockKeyError(
      'A resource is neither a string nor { shared: name }. Pass a name such as "order:7", or ' +
        '{ shared: "rates" } for one that is only read.',
      target,
    );
  }
  return readSafely(() => (target as { shared: unknown }).shared);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readSafely<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw new LockKeyError(
      'The resources could not be read: they throw. Pass a string, { shared: name }, or a plain array of them.',
      undefined,
    );
  }
}
