import { type BusyFacts, isSplit, LockBusyError } from './lock-busy.error';
import { nameError } from './lock.error';
import { quoteResources } from './quote-resources';

/**
 * The limit left too few permits for as long as the caller was willing to wait: the others were held, or kept for
 * callers that have waited for longer.
 *
 * A kind of `LockBusyError`: it is handled like a busy lock, such as by `onBusy`. HTTP 429.
 */
export class LockLimitError extends LockBusyError {
  override readonly code = 'LOCK_LIMIT';
  /** How many permits of the resource may be held at once, as the caller asked. */
  readonly limit: number;
  /** How many of them the caller asked for. */
  readonly permits: number;

  constructor(facts: BusyFacts & { readonly limit: number; readonly permits: number }) {
    super(facts, messageFor(facts));
    this.limit = facts.limit;
    this.permits = facts.permits;
  }
}

nameError(LockLimitError, 'LockLimitError');

function messageFor({
  resources,
  waitedMs,
  votes = [],
  limit,
  permits,
}: BusyFacts & { readonly limit: number; readonly permits: number }): string {
  const asked = 'several asked at the same moment, so that no majority of the nodes granted the same permits';
  const wanted = permits === 1 ? 'no permit is' : `fewer than ${permits} permits are`;
  return (
    `${quoteResources(resources)} may be held ${limit} times at once, and ${isSplit(votes) ? asked : `${wanted} left`}, still so after ` +
    `${Math.round(waitedMs)} ms. Try again later, pass a longer \`wait\`, or use tryAcquire() or onBusy to go on without it.`
  );
}
