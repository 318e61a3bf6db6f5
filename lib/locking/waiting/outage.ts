import type { FailedAttempt } from '../../core/attempt';
import type { Clock } from '../../ports/clock.interface';
import { GuardedError } from '../../core/guarded-error';
import { quorumOf } from '../../core/quorum';

/**
 * Knows if too few nodes answer, and since when: for the attempts of one caller, or of all callers of a service. A
 * caller that waits for a lock in an outage waits for the nodes, which may take minutes.
 */
export class Outage {
  private sinceMs: number | undefined;
  private last: { readonly failed: FailedAttempt; readonly atMs: number } | undefined;

  /** @param recentMs the time that an attempt takes when nodes are silent */
  constructor(
    private readonly clock: Clock,
    private readonly recentMs: number,
  ) {}

  note(failed: FailedAttempt): void {
    if (failed.outcome === 'unavailable') {
      const atMs = this.clock.now();
      this.sinceMs ??= atMs;
      this.last = { failed, atMs };
    } else if (isToldByQuorum(failed)) {
      this.end();
    }
  }

  /** @param confirmation of a lease that was taken over: the nodes have not answered yet */
  noteWin(confirmation: unknown): void {
    if (confirmation === undefined) this.end();
  }

  /** Tells if the outage has lasted for at least `ms`. */
  hasLasted(ms: number): boolean {
    return this.sinceMs !== undefined && this.clock.now() - this.sinceMs >= ms;
  }

  /**
   * The result of a recent attempt, if the outage has lasted for at least `ms`. Then another attempt need not be
   * made.
   *
   * @param waitMs the longest time that the caller waits
   */
  known(ms: number, waitMs: number): FailedAttempt | undefined {
    if (!this.hasLasted(ms) || this.last === undefined || endsWithin(waitMs, this.last.failed))
      return undefined;
    return this.clock.now() - this.last.atMs <= this.recentMs ? this.last.failed : undefined;
  }

  private end(): void {
    if (this.sinceMs === undefined) return;
    this.sinceMs = undefined;
    this.last = undefined;
  }
}

/** Tells if the outage is known to end in time: enough of the nodes are only guarded, and for a shorter time. */
export function endsWithin(waitMs: number, { votes }: FailedAttempt): boolean {
  const failed = votes.filter(({ vote }) => vote === 'failed');
  const guardedMs = failed.flatMap(({ error }) => (error instanceof GuardedError ? error.leftMs : []));
  const missing = quorumOf(votes.length) - (votes.length - failed.length);
  const lastMs = guardedMs.sort((a, b) => a - b)[missing - 1];
  return lastMs !== undefined && lastMs < waitMs;
}

/** True if the attempt did not ask the leading node alone. */
function isToldByQuorum({ votes }: FailedAttempt): boolean {
  return votes.filter(({ vote }) => vote === 'granted' || vote === 'denied').length >= quorumOf(votes.length);
}
