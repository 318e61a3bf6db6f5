import { LockError } from './lock.error';
import { describeVotes, type NodeVote } from './node-vote.interface';
import { quoteResources } from './quote-resources';

/**
 * Too few nodes answered to decide, so nobody can say whether the resource is free. Nothing is held.
 *
 * An outage, not contention: look at `votes` for the reason of each node. HTTP 503.
 */
export class LockUnavailableError extends LockError {
  readonly code = 'LOCK_UNAVAILABLE';
  readonly resources: readonly string[];
  /** How long the caller waited, in milliseconds. */
  readonly waitedMs: number;
  /** The votes of the last attempt; empty when the service is closed. */
  readonly votes: readonly NodeVote[];

  constructor(facts: { resources: readonly string[]; waitedMs: number; votes: readonly NodeVote[] }) {
    super(
      facts.votes.length === 0
        ? `The lock service is closed, so ${quoteResources(facts.resources)} cannot be locked. ` +
            'Ask for locks before the application shuts down.'
        : `Too few lock nodes answered to lock ${quoteResources(facts.resources)}: ` +
            `${describeVotes(facts.votes)}; gave up after ${Math.round(facts.waitedMs)} ms. ` +
            'Check that a majority of the nodes is up and reachable from here.',
      { cause: facts.votes.find(({ error }) => error !== undefined)?.error },
    );
    this.resources = facts.resources;
    this.waitedMs = facts.waitedMs;
    this.votes = facts.votes;
  }
}
