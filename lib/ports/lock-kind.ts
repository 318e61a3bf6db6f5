/** Several callers may hold the lock at once: all of its resources, or some of them beside exclusive ones. */
export interface SharedKind {
  readonly mode: 'shared' | 'mixed';
  /** The resources that are held as a reader, sorted. With the mode `shared` these are all of them. */
  readonly shared: readonly string[];
}

/**
 * A limited number of callers may hold the lock at once. There is one resource, and each caller has permits of its
 * own.
 */
export interface LimitedKind {
  readonly mode: 'limited';
  /** The number of permits that all callers together may hold at once. */
  readonly limit: number;
  /** The number of permits to take. The caller gets all of them or none. */
  readonly permits: number;
}

/** The way in which a lock is held. Undefined, as for most locks, means exclusively. */
export type LockKind = SharedKind | LimitedKind;

/** The resources that a call holds or wants to hold, and in which way. */
export interface KindOfHold {
  readonly resources: readonly string[];
  readonly kind: LockKind | undefined;
}

/** The mode in which one of the resources is held. */
export function modeAt(kind: LockKind | undefined, resource: string): 'exclusive' | 'shared' | 'limited' {
  if (kind === undefined) return 'exclusive';
  if (kind.mode === 'limited') return 'limited';
  return kind.mode === 'shared' || kind.shared.includes(resource) ? 'shared' : 'exclusive';
}

/** The resources that are held as a reader, in the form that requests to nodes have. */
export function sharedIn(kind: LockKind | undefined): readonly string[] | undefined {
  return kind === undefined || kind.mode === 'limited' ? undefined : kind.shared;
}
