import type { Clock } from '../../ports/clock.interface';

/** After this time the other processes have taken the resource, or do not want it any more. */
const OWED_FOR_MS = 50;

/** Where nobody can count who waits, the process lets somebody else go first this often. */
const UNCOUNTED_EVERY_MS = 100;

/** A process that did not lock a resource for so long does not keep it to itself. */
const FORGET_AFTER_MS = 2 * UNCOUNTED_EVERY_MS;

interface Debt {
  readonly turns: number;
  readonly untilMs: number;
}

/**
 * The turns that this process owes to other processes: as many as waited when it released a resource. Without
 * this, a caller that locks again at once would win every time, since its request leaves before the others have
 * heard of the release.
 */
export class TurnsOwed {
  private readonly debts = new Map<string, Debt>();
  /** The time since which the process keeps a resource to itself, where others may wait who are not counted. */
  private readonly keptSince = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  /** @param mayBeMore true if others may wait who were not counted: then they get a turn now and then */
  owe(resources: readonly string[], turns: number, mayBeMore = false): void {
    if (turns === 0 && !mayBeMore) return;
    if (this.isEmpty) this.forgetLater();
    const nowMs = this.clock.now();
    for (const resource of resources) {
      const owed = turns > 0 ? turns : this.uncountedTurns(resource, nowMs);
      if (owed > 0) this.debts.set(resource, { turns: owed, untilMs: nowMs + OWED_FOR_MS });
    }
  }

  private uncountedTurns(resource: string, nowMs: number): number {
    const sinceMs = this.keptSince.get(resource);
    if (sinceMs !== undefined && nowMs - sinceMs < UNCOUNTED_EVERY_MS) return 0;
    this.keptSince.set(resource, nowMs);
    return sinceMs === undefined ? 0 : 1;
  }

  /** Returns the number of turns that the next caller has to let pass. After that the process owes none. */
  take(resources: readonly string[]): number {
    if (this.debts.size === 0) return 0;
    let turns = 0;
    for (const resource of resources) {
      const debt = this.debts.get(resource);
      if (debt === undefined) continue;
      this.debts.delete(resource);
      if (debt.untilMs > this.clock.now()) turns = Math.max(turns, debt.turns);
    }
    return turns;
  }

  get isEmpty(): boolean {
    return this.debts.size === 0 && this.keptSince.size === 0;
  }

  /** Forgets turns that nobody takes, so that they do not stay in memory (R18). */
  private forgetLater(): void {
    const forget = () => {
      const now = this.clock.now();
      for (const [resource, { untilMs }] of this.debts) if (untilMs <= now) this.debts.delete(resource);
      for (const [resource, sinceMs] of this.keptSince)
        if (now - sinceMs > FORGET_AFTER_MS) this.keptSince.delete(resource);
      if (!this.isEmpty) this.forgetLater();
    };
    this.clock.schedule(2 * OWED_FOR_MS, forget, { background: true });
  }
}
