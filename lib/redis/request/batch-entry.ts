import type { AcquireRequest, ReleaseRequest } from '../../ports/lock-node.interface';
import type { RequestOf, Verb, Vote } from '../../ports/verbs';
import { ASKS } from '../script/batch-codes';

/** A request that can be sent together with others. */
export type BatchEntry = AcquireEntry | ExtendEntry | ReleaseEntry;

interface AcquireEntry {
  readonly letter: typeof ASKS.acquire | typeof ASKS.acquireNumbered;
  readonly request: RequestOf<'acquire'>;
  readonly vote: Vote<'acquire'>;
}

interface ExtendEntry {
  readonly letter: typeof ASKS.extend | typeof ASKS.takeOver;
  readonly request: RequestOf<'extend'>;
  readonly vote: Vote<'extend'>;
}

export interface ReleaseEntry {
  readonly letter: typeof ASKS.release | typeof ASKS.releaseAndTell | typeof ASKS.releaseAndTellAll;
  readonly request: RequestOf<'release'>;
  readonly vote: Vote<'release'>;
}

/** A request for readers, permits or the line: to acquire, extend or release, or to leave the line. */
export type SetEntry =
  | SetEntryOf<'sa', 'acquire'>
  | SetEntryOf<'se', 'extend'>
  | SetEntryOf<'sr', 'release'>
  | SetEntryOf<'sl', 'leave'>;

interface SetEntryOf<L, V extends Verb> {
  readonly letter: L;
  readonly request: RequestOf<V>;
  readonly vote: Vote<V>;
}

export function isAcquire(entry: BatchEntry): entry is AcquireEntry {
  return entry.letter === ASKS.acquire || entry.letter === ASKS.acquireNumbered;
}

export function isRelease(entry: BatchEntry): entry is ReleaseEntry {
  const { letter } = entry;
  return letter === ASKS.release || letter === ASKS.releaseAndTell || letter === ASKS.releaseAndTellAll;
}

/** Tells if a request is for readers, permits or the line. All other requests use the plain scripts. */
export function isForSets(
  request: Pick<AcquireRequest, 'limit'> & Pick<ReleaseRequest, 'shared' | 'slots' | 'line' | 'turnMs'>,
): boolean {
  const { shared, limit, slots, line, turnMs } = request;
  const isPlain = limit === undefined && slots === undefined && line === undefined && turnMs === undefined;
  return !isPlain || (shared !== undefined && shared.length > 0);
}
