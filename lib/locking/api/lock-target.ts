/**
 * The name of a resource, or a resource that is only read: `{ shared: name }`. Many callers may hold a resource
 * shared at the same time; an exclusive holder of it holds it alone.
 *
 * @example `locks.withLock(['account:7', { shared: 'rates' }], () => book())`
 */
export type LockTarget = string | { readonly shared: string };

/** One target, or several that are held together or not at all. */
export type LockTargets = LockTarget | readonly LockTarget[];
