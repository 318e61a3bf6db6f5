import { LockError, nameError } from './lock.error';
import { quoteResources } from './quote-resources';
import { nameHolder, type LockHolder } from './lock-holder.interface';
import type { NodeVote } from './node-vote.interface';

/**
 * Somebody else held the resource for as long as the caller was willing to wait.
 *
 * Normal under contention: try again later, wait longer (`wait`), or skip. HTTP 409.
 */
export class LockBusyError extends LockError {
  /** The code; `LOCK_LIMIT` for a `LockLimitError`. */
  readonly code: 'LOCK_BUSY' | 'LOCK_LIMIT' = 'LOCK_BUSY';
  readonly resources: readonly string[];
  /** The time for which the caller waited, in milliseconds. */
  readonly waitedMs: number;
  /**
   * The votes of the last attempt. Empty if another caller of this process held the resource, so that no node was
   * asked.
   */
  readonly votes: readonly NodeVote[];
  /**
   * The holder. Undefined if it is not known: a first attempt does not ask the nodes for it, so with `wait: 0` it
   * is undefined; or the nodes did not agree.
   */
  readonly holder: LockHolder | undefined;
  /**
   * True if the key that is in the way has no expiry. No lock of this library is like that: another program wrote
   * the key, or somebody by hand, and waiting longer does not help. False also if nobody asked, as with `wait: 0`.
   */
  readonly neverExpires: boolean;
  /**
   * The thing that was in the way at the last attempt:
   * - `held`: an exclusive holder, or a key that is no lock
   * - `shared`: readers; or holders of permits, if the caller does not want a permit
   * - `limit`: fewer permits are left than the caller wants
   * - `line`: other callers that have waited for longer
   */
  readonly reason: BusyReason;

  /** @param message replaces the message that the facts give */
  constructor(facts: BusyFacts, message = messageFor(facts)) {
    super(message);
    this.resources = facts.resources;
    this.waitedMs = facts.waitedMs;
    this.votes = facts.votes ?? [];
    this.holder = facts.holder;
    this.neverExpires = facts.neverExpires ?? false;
    this.reason = facts.reason ?? 'held';
  }
}

/** See `LockBusyError.reason`. */
export type BusyReason = 'held' | 'shared' | 'limit' | 'line';

/** @internal */
export interface BusyFacts {
  readonly resources: readonly string[];
  readonly waitedMs: number;
  readonly votes?: readonly NodeVote[];
  readonly holder?: LockHolder;
  readonly neverExpires?: boolean;
  readonly reason?: BusyReason;
}

function messageFor({
  resources,
  waitedMs,
  votes = [],
  holder,
  neverExpires = false,
  reason = 'held',
}: BusyFacts): string {
  const name = holder && nameHolder(holder);
  // Only a key with a text value can have a holder: nodes take that text for an owner token.
  const whatToDo = holder === undefined ? LOOK_AT_IT : REMOVE_IT;
  const after = `still so after ${Math.round(waitedMs)} ms. ${neverExpires ? whatToDo : WAIT_FOR_IT}`;
  const what = quoteResources(resources);
  if (neverExpires) return `${what} is locked by ${FOREIGN_KEY}, ${after}`;
  if (reason !== 'held') return `${what} ${OTHER_REASONS[reason]}, ${after}`;
  if (holder === undefined && isSplit(votes)) return `${what} ${splitBetween(votes)}, ${after}`;
  return `${what} is locked by ${whoHoldsIt(votes.length === 0, holder?.label, name)}, ${after}`;
}

/** @internal The message for a caller of `acquire` whose own call held the resource. */
export function waitedForItself({ resources, waitedMs }: BusyFacts): string {
  return (
    `${quoteResources(resources)} is locked by the call under which this code runs, still so after ${Math.round(waitedMs)} ms: ` +
    'acquire() does not enter what its own call holds, so it waited for itself. Use withLock() here, which enters it or ' +
    'says at once why it cannot, or use the lock of the outer call.'
  );
}

/** @internal The reason why `resource` is not released by force. */
export function foreignKeyMessage(resource: string, type: string): string {
  return (
    `${quoteResources([resource])} is no lock: another program has a key of the type ${type} there, and it was left alone. ` +
    'If nobody needs it, remove it with a client of the server; else use another name or `keyPrefix` for the lock.'
  );
}

/**
 * @internal True if some nodes granted. Then other callers may have got a part of the votes too, and perhaps
 *   nobody holds it.
 */
export function isSplit(votes: readonly NodeVote[]): boolean {
  return votes.some(({ vote }) => vote === 'granted');
}

function splitBetween(votes: readonly NodeVote[]): string {
  const granted = votes.filter(({ vote }) => vote === 'granted').length;
  return (
    `was granted by ${granted} of ${votes.length} nodes, which is no majority: several callers asked at the same moment, ` +
    'or another owner has the other nodes'
  );
}

const OTHER_REASONS = {
  shared: "is locked by readers (`mode: 'shared'`), or by holders of permits",
  limit: 'has too few permits left',
  line: 'is wanted by other callers, which have waited for longer',
} as const;

const FOREIGN_KEY = 'a key without an expiry, which is no lock of this library';
const WAIT_FOR_IT =
  'Try again later, pass a longer `wait`, or use tryAcquire() or onBusy to go on without the lock.';
const REMOVE_IT =
  'Waiting does not help: find out who wrote it, then remove it (npx @nest-quorum/redlock release --force), or use another name or `keyPrefix`.';
const LOOK_AT_IT =
  'Waiting does not help: look what it is (npx @nest-quorum/redlock inspect) and find out who wrote it. Remove a string with ' +
  'release --force, and any other key with a client of the server. Or use another name or `keyPrefix`.';

nameError(LockBusyError, 'LockBusyError');

function whoHoldsIt(isInThisProcess: boolean, label: string | undefined, name: string | undefined): string {
  if (!isInThisProcess) return name ?? 'another owner';
  const other = 'another caller of this process';
  return label === undefined ? other : `${JSON.stringify(label)}, ${other}`;
}
