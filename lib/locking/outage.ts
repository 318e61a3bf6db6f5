import type { FailedAttempt } from '../core/attempt';
import type { Clock } from '../core/clock.interface';
import { quorumOf } from '../core/quorum';

/**
 * Whether too few nodes answer, and since when: what attempts find one after the other, of one caller or of all callers
 * of a service. Who waits for a lock in an outage waits for the nodes, which may take minutes.
 */
export class Outage {
  private sinceMs: number | undefined;
  private last: { readonly failed: FailedAttempt; readonly atMs: number } | undefined;

  /** @param recentMs how long an attempt at silent nodes takes */
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
      this.noteAnswer();
    }
  }

  /** A quorum has answered. */
  noteAnswer(): void {
    if (this.sinceMs === undefined) return;
    this.sinceMs = undefined;
    this.last = undefined;
  }

  /** Whether it lasts for `ms` at least. */
  hasLasted(ms: number): boolean {
    return this.sinceMs !== undefined && this.clock.now() - this.sinceMs >= ms;
  }

  /** What an attempt came to a moment ago, if it lasts for `ms` at least: another one need not be made. */
  known(ms: number): FailedAttempt | undefined {
    if (!this.hasLasted(ms) || this.last === undefined) return undefined;
    return this.clock.now() - this.last.atMs <= this.recentMs ? this.last.failed : undefined;
  }
}

/** And not by the leading node alone. */
function isToldByQuorum({ votes }: FailedAttempt): boolean {
  return votes.filter(({ vote }) => vote === 'granted' || vote === 'denied').length >= quorumOf(votes.length);
}
