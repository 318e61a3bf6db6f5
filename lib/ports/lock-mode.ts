import type { LinePlace } from './sharing.interface';

/**
 * The way in which somebody takes a resource, or waits for it.
 *
 * - `exclusive`: alone
 * - `shared`: as one of many readers
 * - `limited`: one or several of its permits
 */
export type LockMode = 'exclusive' | 'shared' | 'limited';

/** The letter of each mode, in the names of a line and in requests to a server. */
export const MODE_LETTERS = { exclusive: 'x', shared: 's', limited: 'p' } as const;

/**
 * Tells if a caller need not wait for `ahead`, who stands in line before it. Readers pass readers, so they go
 * together. Permit callers pass each other as long as there are enough permits for both; whoever asks counts
 * these.
 */
export function mayPassInLine(mode: LockMode, ahead: LockMode): boolean {
  return mode !== 'exclusive' && mode === ahead;
}

/** The mode in which a request takes, keeps or awaits one of its resources. */
export function modeOf(resource: string, request: ModesOfRequest): LockMode {
  const { shared, limit, slots, line } = request;
  if (limit !== undefined || slots !== undefined || line?.permits !== undefined) return 'limited';
  return shared?.includes(resource) ? 'shared' : 'exclusive';
}

/** The fields of all kinds of requests from which the mode follows. */
interface ModesOfRequest {
  readonly shared?: readonly string[];
  readonly limit?: object;
  readonly slots?: unknown;
  readonly line?: LinePlace;
}

/**
 * The name under which a node keeps a caller in its line. The name decides between equal tickets, so it is the
 * same on all nodes. It contains the mode, since one caller may wait in several modes.
 */
export function nameInLine(mode: LockMode, place: LinePlace): string {
  return `${idInLine(place)} ${MODE_LETTERS[mode]}${mode === 'limited' ? (place.permits ?? 1) : ''}`;
}

/**
 * The id in the line, with the limit of a caller that waits for permits. Processes of an older version ignore the
 * limit.
 */
export function idInLine({ id, limit }: LinePlace): string {
  return limit === undefined ? id : `${id}/${limit}`;
}

/**
 * The value of a free resource that a node keeps for the callers in its line (R31). It stands in the place of an
 * owner token. No owner token looks like it, and no other program writes it by chance. For callers in the line the
 * resource counts as free.
 */
export const TURN = '!turn of @nest-quorum/redlock';
