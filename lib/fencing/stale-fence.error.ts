import { LockError, nameError } from '../errors/lock.error';
import { quoteResources } from '../errors/quote-resources';

/**
 * A write was refused because a later holder of the lock has been there: this holder lost its lock without
 * noticing. Nothing was changed. Stop the work that the lock protected. HTTP 500.
 */
export class StaleFenceError extends LockError {
  readonly code = 'LOCK_FENCE_STALE';
  readonly resources: readonly string[];
  /** The token of the write that was refused. */
  readonly token: number;
  /** The token of the later holder, if the storage told it. */
  readonly newerToken: number | undefined;

  constructor(facts: { resources: readonly string[]; token: number; newerToken?: number; hint?: string }) {
    const { resources, token, newerToken, hint = '' } = facts;
    const later = newerToken === undefined ? 'a later holder' : `a later holder (${newerToken})`;
    super(
      `A write with fencing token ${token} of the lock on ${quoteResources(resources)} was refused: ${later} has been ` +
        `there.${hint} Stop the work that it protected, and start it again under a new lock.`,
    );
    this.resources = resources;
    this.token = token;
    this.newerToken = newerToken;
  }
}

nameError(StaleFenceError, 'StaleFenceError');
