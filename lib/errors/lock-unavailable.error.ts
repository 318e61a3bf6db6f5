import { LockError, nameError } from './lock.error';
import { describeVotes, type NodeVote } from './node-vote.interface';
import { quoteResources } from './quote-resources';

/**
 * Too few nodes answered, so nobody can say if the resource is free. Nothing is held.
 *
 * This is an outage, and not contention: `votes` has the reason of each node. HTTP 503.
 */
export class LockUnavailableError extends LockError {
  readonly code = 'LOCK_UNAVAILABLE';
  /** The resources. Empty when `ready()` gave up. */
  readonly resources: readonly string[];
  /** The time for which the caller waited, in milliseconds. */
  readonly waitedMs: number;
  /**
   * The votes of the last attempt. Empty when the service is closed. In an error of `ready()`, `granted` means
   * that the node can vote.
   */
  readonly votes: readonly NodeVote[];

  constructor(facts: Facts) {
    super(messageFor(facts), { cause: facts.votes.find(({ error }) => error !== undefined)?.error });
    this.resources = facts.resources;
    this.waitedMs = facts.waitedMs;
    this.votes = facts.votes;
  }
}

nameError(LockUnavailableError, 'LockUnavailableError');

interface Facts {
  readonly resources: readonly string[];
  readonly waitedMs: number;
  readonly votes: readonly NodeVote[];
  /** The thing that could not be done. @default 'lock' */
  readonly wanted?: 'lock' | 'release';
}

function messageFor({ resources, waitedMs, votes, wanted }: Facts): string {
  const isForLock = resources.length > 0;
  if (votes.length === 0) {
    return isForLock
      ? `The lock service is closed, so ${quoteResources(resources)} cannot be locked. ` +
          'Ask for locks before the application shuts down.'
      : 'The lock service is closed, so the nodes are not asked any more. Ask before the application shuts down.';
  }
  if (wanted === 'release') {
    return (
      `No lock node said that ${quoteResources(resources)} was removed: ${describeVotes(votes)}; gave up after ` +
      `${Math.round(waitedMs)} ms. It may be removed later: look with inspect() before you try again.`
    );
  }
  const gaveUp =
    `gave up after ${Math.round(waitedMs)} ms. Check that a majority of the nodes is up and reachable from here; ` +
    '`votes` of the error tells what each of them said.';
  return isForLock
    ? `Too few lock nodes answered to lock ${quoteResources(resources)}: ${describeVotes(votes)}; ${gaveUp}`
    : `Too few lock nodes can vote: ${describeVotes(
        votes.filter(({ vote }) => vote !== 'granted'),
        votes.length,
      )}; ${gaveUp}`;
}
