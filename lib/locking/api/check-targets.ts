import { LockKeyError } from '../../errors/lock-key.error';
import { checkResource, checkResources, MOST_NAMES, readSafely } from './check-resources';
import type { KindOfHold, LockKind } from '../../ports/lock-kind';
import { LockOptionsError } from '../../errors/lock-options.error';
import type { LockNode } from '../../ports/lock-node.interface';
import type { LockOptions } from './lock-options';
import type { CheckedLockOptions } from './complete-lock-options';

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

/**
 * The options of a call whose resources are all only read. Such a call is a shared one, whatever its options say.
 */
export function withModeOf(
  targets: CheckedTargets,
  options: LockOptions | undefined,
): LockOptions | undefined {
  return targets instanceof MixedTargets && targets.areAllShared ? { ...options, mode: 'shared' } : options;
}

/** The way in which a call's resources are to be held. Undefined: exclusively. */
export function kindOf(
  targets: CheckedTargets,
  { mode, limit, permits }: Pick<CheckedLockOptions, 'mode' | 'limit' | 'permits'>,
): LockKind | undefined {
  if (limit !== undefined) {
    if (targets instanceof MixedTargets || targets.length > 1) {
      throw new LockOptionsError(
        'limit',
        'is for one exclusive resource, and the call names several, or a shared one. Take a separate lock for it.',
      );
    }
    return { mode: 'limited', limit, permits };
  }
  if (targets instanceof MixedTargets) {
    if (mode === 'shared' || targets.areAllShared) return { mode: 'shared', shared: targets.names };
    return { mode: 'mixed', shared: targets.shared };
  }
  return mode === 'shared' ? { mode: 'shared', shared: targets } : undefined;
}

/** What a call would hold. */
export interface Wanted extends KindOfHold {
  /** True if it would have a fencing token. */
  readonly fencing: boolean;
}

export function wantedBy(
  targets: CheckedTargets,
  options: LockOptions | undefined,
  fencingByDefault: boolean,
): Wanted {
  const resources = namesOf(targets);
  if (options === undefined && resources === targets)
    return { resources, kind: undefined, fencing: fencingByDefault };
  const { mode = 'exclusive', limit, permits = 1, fencing } = options ?? {};
  const kind = kindOf(targets, { mode, limit, permits });
  return { resources, kind, fencing: fencing ?? (fencingByDefault && kind?.mode !== 'shared') };
}

/**
 * Checks that all nodes can hold a lock of this kind.
 *
 * @throws LockOptionsError that names a node which cannot
 */
export function checkSharing(nodes: readonly LockNode[], kind: LockKind | undefined): void {
  const cannot = nodes.find((node) => node.sharing !== true);
  if (cannot === undefined) return;
  const what = kind === undefined ? 'fair' : kind.mode === 'limited' ? 'limit' : 'mode';
  throw new LockOptionsError(
    what,
    `is not possible with the lock node ${JSON.stringify(cannot.name)}, which holds exclusive locks alone: it does not ` +
      'say `sharing: true`. Use nodes of Redis or MemoryLockNode, or implement readers, permits and the line in yours.',
  );
}
