import type { Clock, Timer } from '../../ports/clock.interface';
import type { ReleaseRequest, ReleaseVote } from '../../ports/lock-node.interface';
import { MOST_IN_BATCH } from './command-batch';

const MOST_KEPT = 1_000;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 1_000;

/** Sends the releases of a backlog. */
export interface BacklogWay {
  /** Tells if the node can be asked now. When it comes up again, {@link ReleaseBacklog.sendAll} is called. */
  isUp(): boolean;
  /** Sends a release. If it fails again, it has to be added again. */
  send(request: ReleaseRequest, vote: (vote: ReleaseVote) => void): void;
}

/**
 * Releases that may not have been done, and are tried again. Else the keys that they should remove would block
 * everybody for the rest of their ttl. A server that cannot be reached gets them when it is back. A server that
 * refused them, for example because it has too few replicas or runs a long script, is asked again after a delay.
 * To compare and delete twice does no harm.
 */
export class ReleaseBacklog {
  /** The requests, each with the time at which it was added. */
  private readonly waiting = new Map<ReleaseRequest, number>();
  private timer: Timer | undefined;
  private delayMs = FIRST_DELAY_MS;

  constructor(
    private readonly clock: Clock,
    private readonly way: BacklogWay,
    private readonly mostKept = MOST_KEPT,
  ) {}

  add(request: ReleaseRequest): void {
    // In a cluster, each part of a request may add it.
    if (this.waiting.has(request)) return;
    if (this.waiting.size >= this.mostKept) this.dropExpired();
    // The oldest requests stay: their keys may be on the server. Later locks never reached a server that had gone
    // away before.
    if (this.waiting.size >= this.mostKept) return;
    this.waiting.set(request, this.clock.now());
    this.tryLater();
  }

  /** Sends everything at once. It is called when the node has come up. */
  sendAll(): void {
    if (!this.way.isUp()) return;
    this.delayMs = FIRST_DELAY_MS;
    for (const request of this.take(Infinity)) this.way.send(request, ignore);
  }

  clear(): void {
    this.timer?.cancel();
    this.waiting.clear();
  }

  /** Schedules the next try. A node that is down is not asked: {@link sendAll} is called when it is up. */
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
   * Sends as many as fit into one command, so that a server in trouble gets little work. Those that fail go to the
   * end.
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

  /** Takes out requests that can still be of use, with the times that they have now. */
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
      // The lock had its ttl and no more, so its keys have ended, even those that the release should have kept for
      // a while.
      if (now - addedAtMs >= request.ttlMs) this.waiting.delete(request);
    }
  }
}

function agedBy(request: ReleaseRequest, ageMs: number): ReleaseRequest {
  const keepMs = request.keepMs === undefined ? undefined : request.keepMs - ageMs;
  return {
    ...request,
    ttlMs: request.ttlMs - ageMs,
    // A caller does not get its place in the line back so late.
    line: undefined,
    keepMs: keepMs !== undefined && keepMs > 0 ? keepMs : undefined,
  };
}

function ignore(): void {
  // A release that failed again was added again.
}
