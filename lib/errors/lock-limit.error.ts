import { type BusyFacts, isSplit, LockBusyError } from './lock-busy.error';
import { nameError } from './lock.error';
import { quoteResources } from './quote-resources';

/**
 * Too few permits were free for as long as the caller was willing to wait: the others were held, or kept for
 * callers that have waited for longer.
 *
 * It is a kind of `LockBusyError`, and is handled like a busy lock, for example by `onBusy`. HTTP 429.
 */
export class LockLimitError extends LockBusyError {
  override readonly code = 'LOCK_LIMIT';
  /** The number of permits of the resource that may be held at once, as the caller asked. */
  readonly limit: number;
  /** The number of permits that the caller asked for. */
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
  const asked =
    'several callers asked at the same moment, so that no majority of the nodes granted the same permits';
  const wanted = permits === 1 ? 'no permit is' : `fewer than ${permits} permits are`;
  return (
    `${quoteResources(resources)} may be held ${limit} times at once, and ${isSplit(votes) ? asked : `${wanted} left`}, still so after ` +
    `${Math.round(waitedMs)} ms. Try again later, pass a longer \`wait\`, or use tryAcquire() or onBusy to go on without it.`
  );
}
