/**
 * How somebody takes a resource, or waits for it.
 *
 * - `exclusive`: alone
 * - `shared`: as one of many readers
 * - `limited`: one or several of its permits
 */
export type LockMode = 'exclusive' | 'shared' | 'limited';

/** Whether both may be at one resource at the same time. How many permits there may be is another question. */
export function mayStandBeside(mode: LockMode, other: LockMode): boolean {
  return mode !== 'exclusive' && other !== 'exclusive';
}

/**
 * Whether one who comes later need not wait for `ahead`, who stands in line before it: readers go together. Permits go
 * together as far as there are enough for both, which is counted by whoever asks.
 */
export function mayPassInLine(mode: LockMode, ahead: LockMode): boolean {
  return mode !== 'exclusive' && mode === ahead;
}

/** How a request takes one of its resources. */
export function modeOf(
  resource: string,
  request: { readonly shared?: readonly string[]; readonly limit?: object; readonly slots?: unknown },
): LockMode {
  if (request.limit !== undefined || request.slots !== undefined) return 'limited';
  return request.shared?.includes(resource) ? 'shared' : 'exclusive';
}
