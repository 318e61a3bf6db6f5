import type { Clock, Timer } from '../../ports/clock.interface';
import type { ReleaseRequest, ReleaseVote } from '../../ports/lock-node.interface';
import { MOST_IN_BATCH } from './command-batch';

const MOST_KEPT = 1_000;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 1_000;

/** How a backlog gets rid of what it has. */
export interface BacklogWay {
  /** Whether the node can be asked now. When it comes up again, {@link ReleaseBacklog.sendAll} is called. */
  isUp(): boolean;
  /** A release that fails again has to be added again. */
  send(request: ReleaseRequest, vote: (vote: ReleaseVote) => void): void;
}

/**
 * Releases that may not have been done, to be tried again: else what they should remove blocks everybody for the rest
 * of its ttl. A server that cannot be reached gets them when it is back; one that refused them, because it has too few
 * replicas, say, or runs a long script, is asked again after a while. To compare and delete twice is harmless.
 */
export class ReleaseBacklog {
  /** The requests, each with the moment at which it was added. */
  private readonly waiting = new Map<ReleaseRequest, number>();
  private timer: Timer | undefined;
  private delayMs = FIRST_DELAY_MS;

  constructor(
    private readonly clock: Clock,
    private readonly way: BacklogWay,
    private readonly mostKept = MOST_KEPT,
  ) {}

  add(request: ReleaseRequest): void {
    // In a cluster, each of its parts may say so.
    if (this.waiting.has(request)) return;
    if (this.waiting.size >= this.mostKept) this.dropExpired();
    // The oldest stay: they may be there, while locks that were taken after the server went away never got to it.
    if (this.waiting.size >= this.mostKept) return;
    this.waiting.set(request, this.clock.now());
    this.tryLater();
  }

  /** The node has come up. */
  sendAll(): void {
    if (!this.way.isUp()) return;
    this.delayMs = FIRST_DELAY_MS;
    for (const request of this.take(Infinity)) this.way.send(request, ignore);
  }

  clear(): void {
    this.timer?.cancel();
    this.waiting.clear();
  }

  /** A node that is down is not asked: {@link sendAll} comes first. */
  private tryLater(): void {
    if (this.timer !== undefined || this.waiting.size === 0 || !this.way.isUp()) return;
    this.timer = this.clock.schedule(
      this.delayMs,
      () => {
        this.timer = undefined;
        this.delayMs = Math.min(2 * this.delayMs, LONGEST_DELAY_MS);
        this.trySome();
      },
      { background: true },
    );
  }

  /**
   * Sends as many as fit into one command, so that a server in trouble gets no more work. What fails goes to the end.
   */
  private trySome(): void {
    if (!this.way.isUp()) return;
    const some = this.take(MOST_IN_BATCH);
    let missing = some.length;
    let hasFailed = false;
    for (const request of some) {
      this.way.send(request, ({ kind }) => {
        missing -= 1;
        hasFailed ||= kind === 'failed';
        if (missing > 0) return;
        if (hasFailed) {
          this.tryLater();
          return;
        }
        this.delayMs = FIRST_DELAY_MS;
        this.trySome();
      });
    }
  }

  /** Hands over what can still be of use, as it has to be asked for now. */
  private take(most: number): ReleaseRequest[] {
    this.dropExpired();
    const now = this.clock.now();
    const taken: ReleaseRequest[] = [];
    for (const [request, addedAtMs] of this.waiting) {
      if (taken.length >= most) break;
      this.waiting.delete(request);
      taken.push(agedBy(request, now - addedAtMs));
    }
    return taken;
  }

  private dropExpired(): void {
    const now = this.clock.now();
    for (const [request, addedAtMs] of this.waiting) {
      // What it should have kept for longer is gone too: it had its ttl and no more.
      if (now - addedAtMs >= request.ttlMs) this.waiting.delete(request);
    }
  }
}

function agedBy(request: ReleaseRequest, ageMs: number): ReleaseRequest {
  const keepMs = request.keepMs === undefined ? undefined : request.keepMs - ageMs;
  return {
    ...request,
    ttlMs: request.ttlMs - ageMs,
    // Nobody comes back to a line as late as that.
    line: undefined,
    keepMs: keepMs !== undefined && keepMs > 0 ? keepMs : undefined,
  };
}

function ignore(): void {
  // What fails again was added again.
}
