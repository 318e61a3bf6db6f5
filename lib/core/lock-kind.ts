/** Several may hold it at once: all of its resources, or some of them beside exclusive ones. */
export interface SharedKind {
  readonly mode: 'shared' | 'mixed';
  /** The resources that are held as a reader, sorted; of a `shared` one all. */
  readonly shared: readonly string[];
}

/** A few may hold it at once: one resource, of which everybody has permits of his own. */
export interface LimitedKind {
  readonly mode: 'limited';
  /** So many permits of the resource may be held at once. */
  readonly limit: number;
  /** So many of them are taken, all or none. */
  readonly permits: number;
}

/** How a lock is held; undefined: exclusively, as most are. */
export type LockKind = SharedKind | LimitedKind;

/** What a call holds, or wants to hold. */
export interface KindOfHold {
  readonly resources: readonly string[];
  readonly kind: LockKind | undefined;
}

/** How one of the resources is held. */
export function modeAt(kind: LockKind | undefined, resource: string): 'exclusive' | 'shared' | 'limited' {
  if (kind === undefined) return 'exclusive';
  if (kind.mode === 'limited') return 'limited';
  return kind.mode === 'shared' || kind.shared.includes(resource) ? 'shared' : 'exclusive';
}

/** Those of the resources that are held as a reader, as the nodes want to know it. */
export function sharedIn(kind: LockKind | undefined): readonly string[] | undefined {
  return kind === undefined || kind.mode === 'limited' ? undefined : kind.shared;
}
