import type { AcquireRequest, AcquireVote, LockNode } from '../ports/lock-node.interface';
import type { Clock } from '../ports/clock.interface';
import { AcquireCall } from './acquire-call';
import { Deadlines, type Limited } from './deadlines';
import { type Lease, type Release, releaseOutcome } from './lease';
import { isAgreed, type Tally } from './quorum';
import type { CallContext } from './quorum-call';

/** An attempt that ends another lease. On each node where the attempt got nothing, the old lease is cleaned up. */
export class ReplaceCall extends AcquireCall {
  private readonly removal: Removal;

  constructor(
    callContext: CallContext,
    lease: Lease,
    request: AcquireRequest,
    private readonly old: Lease,
  ) {
    super(callContext, lease, request);
    this.removal = new Removal(callContext);
  }

  /** The release of the old lease. Resolves when enough nodes have voted, or when their time is over. */
  released(): Promise<Release> {
    return this.removal.decided();
  }

  override onVote(position: number, vote: AcquireVote): void {
    super.onVote(position, vote);
    this.removal.count(vote);
  }

  override onLateVote(node: LockNode, vote: AcquireVote, position: number): void {
    super.onLateVote(node, vote, position);
    if (vote.kind !== 'granted') this.callContext.cleanUpLate(this.old, node);
  }
}

/**
 * The release of a lease that a new one replaces, as the votes for the new one tell it. The new lease may be won by
 * nodes of which one did not have the old lease. Then another vote decides what became of the old one.
 */
class Removal implements Tally, Limited {
  /** The number of nodes that had the old lease, and removed it. */
  granted = 0;
  /** The number of nodes that answered, and did not have it. */
  denied = 0;
  failed = 0;
  dueAtMs = 0;
  before: Limited | undefined;
  behind: Limited | undefined;
  readonly nodes: number;
  private readonly clock: Clock;
  private readonly untilMs: number;
  private tell: (() => void) | undefined;

  constructor({ nodes, clock, timeoutMs }: CallContext) {
    this.nodes = nodes.length;
    this.clock = clock;
    this.untilMs = clock.now() + timeoutMs;
  }

  /** Counts a vote for the new lease. */
  count(vote: AcquireVote): void {
    if (vote.kind === 'failed') this.failed += 1;
    else if (vote.kind === 'granted' && vote.replaced === true) this.granted += 1;
    else this.denied += 1;
    if (this.isDecided && this.tell !== undefined) this.onDeadline();
  }

  /** Resolves when enough nodes have voted, or when their time is over. */
  decided(): Promise<Release> {
    return new Promise((resolve) => {
      const tell = () => {
        this.tell = undefined;
        resolve({ outcome: releaseOutcome(this) });
      };
      const leftMs = this.untilMs - this.clock.now();
      if (this.isDecided || leftMs <= 0) {
        tell();
        return;
      }
      this.tell = tell;
      Deadlines.of(this.clock).add(this, leftMs);
    });
  }

  onDeadline(): void {
    Deadlines.of(this.clock).remove(this);
    this.tell?.();
  }

  private get isDecided(): boolean {
    return isAgreed(this);
  }
}
