/** How long a Sentinel that is away is still believed. */
const AWAY_BELIEVED_MS = 600_000;
/** How long an announcement is believed whose epoch nobody tells. All Sentinels know of a failover within seconds. */
const ANNOUNCEMENT_BELIEVED_MS = 15_000;

export interface Master {
  readonly host: string;
  readonly port: number;
}

interface Claim {
  readonly master: Master;
  /** The number of the failover that made it the master. Infinite for a new master whose epoch is not known yet. */
  readonly epoch: number;
  readonly believedUntilMs: number;
}

/**
 * What each Sentinel of a group says about the master.
 *
 * Sentinels can disagree: one that is cut off from the others goes on naming the old master. Each failover has an
 * epoch, a number that grows. So the Sentinel with the highest epoch is right, as it is among the Sentinels
 * themselves.
 */
export class SentinelClaims {
  private readonly claims: (Claim | undefined)[];
  /** The highest epoch that each Sentinel told. */
  private readonly highest: number[];
  /** The Sentinels that count from the beginning again, with their last epoch, which is lower than one before. */
  private readonly begunAnew = new Map<number, number>();

  /** @param sentinels their number; each is named by its index below */
  constructor(sentinels: number) {
    this.claims = new Array<Claim | undefined>(sentinels).fill(undefined);
    this.highest = new Array<number>(sentinels).fill(0);
  }

  /** Notes the answer of a Sentinel, which replaces what it said before. Undefined if it knows no master. */
  note(sentinel: number, answer: { readonly master: Master; readonly epoch: number } | undefined): void {
    this.claims[sentinel] = answer && { ...answer, believedUntilMs: Infinity };
    if (answer !== undefined) this.noteEpoch(sentinel, answer.epoch);
  }

  /**
   * Notes that a Sentinel announced a new master. An announcement has no epoch. It is believed more than all answers,
   * until the same Sentinel has been asked.
   */
  announce(sentinel: number, master: Master, nowMs: number): void {
    const believedUntilMs = nowMs + ANNOUNCEMENT_BELIEVED_MS;
    this.claims[sentinel] = { master, epoch: Infinity, believedUntilMs };
  }

  /** Notes that the connection to a Sentinel has ended. What it said is not forgotten at once: it may know best. */
  goAway(sentinel: number, nowMs: number): void {
    const claim = this.claims[sentinel];
    if (claim?.believedUntilMs !== Infinity) return;
    this.claims[sentinel] = { ...claim, believedUntilMs: nowMs + AWAY_BELIEVED_MS };
  }

  /**
   * The masters with the highest epoch. They are several if Sentinels name one server by several addresses. None if no
   * Sentinel told of a master.
   */
  newest(nowMs: number): readonly Master[] {
    const believed = this.claims
      .filter((claim) => claim !== undefined)
      .filter(({ believedUntilMs }) => nowMs <= believedUntilMs);
    const highest = Math.max(...believed.map(({ epoch }) => epoch));
    return believed.filter(({ epoch }) => epoch === highest).map(({ master }) => master);
  }

  /**
   * A Sentinel counts from the beginning again if it lost its state, or if an operator has removed the group and named
   * its master anew. If a majority does, epochs of before say nothing. A Sentinel that is away cannot be asked for its
   * new epoch, so what it said is forgotten.
   */
  private noteEpoch(sentinel: number, epoch: number): void {
    if (epoch < (this.highest[sentinel] ?? 0)) {
      this.begunAnew.set(sentinel, epoch);
    } else {
      this.begunAnew.delete(sentinel);
      this.highest[sentinel] = epoch;
    }
    if (this.begunAnew.size * 2 <= this.claims.length) return;
    for (const [index, itsEpoch] of this.begunAnew) this.highest[index] = itsEpoch;
    this.begunAnew.clear();
    this.claims.forEach((claim, index) => {
      if (claim !== undefined && claim.believedUntilMs !== Infinity && claim.epoch !== Infinity)
        this.claims[index] = undefined;
    });
  }
}
