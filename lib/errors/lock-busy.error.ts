import { LockError, nameError } from './lock.error';
import { quoteResources } from './quote-resources';
import { nameHolder, type LockHolder } from './lock-holder.interface';
import type { NodeVote } from './node-vote.interface';

/**
 * Somebody else holds the resource, and kept it for as long as the caller was willing to wait.
 *
 * Normal under contention: try again later, wait longer (`wait`), or skip. HTTP 409.
 */
export class LockBusyError extends LockError {
  /** `LOCK_LIMIT`: a `LockLimitError`. */
  readonly code: 'LOCK_BUSY' | 'LOCK_LIMIT' = 'LOCK_BUSY';
  readonly resources: readonly string[];
  /** How long the caller waited, in milliseconds. */
  readonly waitedMs: number;
  /** The votes of the last attempt; empty when a caller of this process was in the way, so no node was asked. */
  readonly votes: readonly NodeVote[];
  /**
   * Who holds it. Undefined where nobody told: a first attempt does not ask Redis, so not with `wait: 0`, or the nodes
   * did not agree.
   */
  readonly holder: LockHolder | undefined;
  /**
   * Whether what is in the way has no expiry. No lock of this library is like that: another program wrote the key, or
   * somebody by hand, and waiting longer does not help. False also where nobody asked, as with `wait: 0`.
   */
  readonly neverExpires: boolean;
  /**
   * What was in the way at the last attempt:
   * - `held`: an exclusive holder, or a key that is no lock
   * - `shared`: readers, or holders of permits in the way of somebody who does not want one
   * - `limit`: fewer permits are left than were asked for
   * - `line`: others who have waited for longer
   */
  readonly reason: BusyReason;

  /** @param message in the place of the one that the facts give */
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
  const asks = neverExpires ? REMOVE_IT : WAIT_FOR_IT;
  const after = `still so after ${Math.round(waitedMs)} ms. ${asks}`;
  const what = quoteResources(resources);
  if (neverExpires) return `${what} is locked by ${FOREIGN_KEY}, ${after}`;
  if (reason !== 'held') return `${what} ${OTHER_REASONS[reason]}, ${after}`;
  return `${what} is locked by ${whoHoldsIt(votes.length === 0, holder?.label, name)}, ${after}`;
}

const OTHER_REASONS = {
  shared: "is locked by readers (`mode: 'shared'`), or by holders of permits",
  limit: 'has too few permits left',
  line: 'is wanted by others who have waited for longer',
} as const;

const FOREIGN_KEY = 'a key without an expiry, which is no lock of this library';
const WAIT_FOR_IT =
  'Try again later, pass a longer `wait`, or use tryAcquire() or onBusy to go on without the lock.';
const REMOVE_IT =
  'Waiting does not help: find out who wrote it, then remove it (npx @nest-quorum/redlock release --force), or use another name or `keyPrefix`.';

nameError(LockBusyError, 'LockBusyError');

function whoHoldsIt(isInThisProcess: boolean, label: string | undefined, name: string | undefined): string {
  if (!isInThisProcess) return name ?? 'another owner';
  const other = 'another caller of this process';
  return label === undefined ? other : `${JSON.stringify(label)}, ${other}`;
}
