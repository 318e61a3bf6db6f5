import type { LinePlace } from './sharing.interface';

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

/** How a request takes, keeps or awaits one of its resources. */
export function modeOf(resource: string, request: ModesOfRequest): LockMode {
  const { shared, limit, slots, line } = request;
  if (limit !== undefined || slots !== undefined || line?.permits !== undefined) return 'limited';
  return shared?.includes(resource) ? 'shared' : 'exclusive';
}

/** What requests of all kinds say of it. */
interface ModesOfRequest {
  readonly shared?: readonly string[];
  readonly limit?: object;
  readonly slots?: unknown;
  readonly line?: LinePlace;
}

/**
 * What a node calls somebody who stands in line. It decides between equal tickets, so it is the same on all nodes; and one
 * caller may wait in several ways.
 */
export function nameInLine(mode: LockMode, place: LinePlace): string {
  return `${idInLine(place)} ${mode === 'limited' ? `p${place.permits ?? 1}` : LETTERS[mode]}`;
}

/** With the limit of one who waits for permits. Processes of an older version read past it. */
export function idInLine({ id, limit }: LinePlace): string {
  return limit === undefined ? id : `${id}/${limit}`;
}

const LETTERS = { exclusive: 'x', shared: 's' } as const;

/**
 * What a node has at a resource, in place of an owner token, that is kept for those who wait (R31). No owner token is like
 * it, and no other program writes it by chance: it counts as free for those who wait.
 */
export const TURN = '!turn of @nest-quorum/redlock';
