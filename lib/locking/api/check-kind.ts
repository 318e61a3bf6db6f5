import type { KindOfHold, LockKind } from '../../ports/lock-kind';
import { LockOptionsError } from '../../errors/lock-options.error';
import type { LockNode } from '../../ports/lock-node.interface';
import type { LockOptions } from './lock-options';
import type { CheckedLockOptions } from './complete-lock-options';
import { type CheckedTargets, MixedTargets, namesOf } from './check-targets';

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
