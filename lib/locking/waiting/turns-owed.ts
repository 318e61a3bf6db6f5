import type { Clock } from '../../ports/clock.interface';

/** After this time the other processes have taken the resource, or do not want it any more. */
const OWED_FOR_MS = 50;

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

  constructor(private readonly clock: Clock) {}

  owe(resources: readonly string[], turns: number): void {
    if (turns === 0) return;
    if (this.debts.size === 0) this.forgetLater();
    const untilMs = this.clock.now() + OWED_FOR_MS;
    for (const resource of resources) this.debts.set(resource, { turns, untilMs });
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
    return this.debts.size === 0;
  }

  /** Forgets turns that nobody takes, so that they do not stay in memory (R18). */
  private forgetLater(): void {
    const forget = () => {
      const now = this.clock.now();
      for (const [resource, { untilMs }] of this.debts) if (untilMs <= now) this.debts.delete(resource);
      if (this.debts.size > 0) this.forgetLater();
    };
    this.clock.schedule(2 * OWED_FOR_MS, forget, { background: true });
  }
}
