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
  readonly code = 'LOCK_BUSY';
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

  constructor(facts: {
    resources: readonly string[];
    waitedMs: number;
    votes?: readonly NodeVote[];
    holder?: LockHolder;
    neverExpires?: boolean;
  }) {
    const votes = facts.votes ?? [];
    const { neverExpires = false } = facts;
    const name = facts.holder && nameHolder(facts.holder);
    const holder = neverExpires ? FOREIGN_KEY : whoHoldsIt(votes.length === 0, facts.holder?.label, name);
    super(
      `${quoteResources(facts.resources)} is locked by ${holder}, still so after ${Math.round(facts.waitedMs)} ms. ` +
        (neverExpires ? REMOVE_IT : WAIT_FOR_IT),
    );
    this.resources = facts.resources;
    this.waitedMs = facts.waitedMs;
    this.votes = votes;
    this.holder = facts.holder;
    this.neverExpires = neverExpires;
  }
}

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
