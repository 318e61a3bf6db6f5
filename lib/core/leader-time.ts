import type { Clock } from '../ports/clock.interface';
import type { LockNode } from '../ports/lock-node.interface';

/** A denial is remembered for so long. After that the difference between the clocks is measured anew, since clocks drift. */
const KNOWN_FOR_MS = 10_000;

/** The number of resources that are remembered. With more of them, the first are forgotten early. */
const MOST_RESOURCES = 16;

/**
 * The clock of the leading node, and the resources that it denied of late.
 *
 * The next caller for one of these resources has to wait, in all likelihood. It knows from here what its ticket
 * would be (R29). So its first attempt enters the lines, and it needs no attempt that only asks for the ticket.
 */
export class LeaderTime {
  private readonly deniedAtMs = new Map<string, number>();
  private node: LockNode | undefined;
  /** The microseconds by which the clock of the node is ahead of ours, and a little more. */
  private aheadMicros = 0;
  private heardAtMs = -Infinity;

  constructor(private readonly around: { readonly clock: Clock; readonly nodeTimeoutMs: number }) {}

  /**
   * Notes that an attempt failed, and the time that the leading node told with its vote.
   *
   * @param micros the time of the node when it voted
   * @param askedAtMs a time on our monotonic clock before the question left. So the clock of the node is taken to be
   *   ahead by at least as much as it is, and nobody gets a ticket that is too early
   */
  heard(node: LockNode, micros: number, askedAtMs: number, resources: readonly string[]): void {
    const nowMs = this.around.clock.now();
    for (const resource of resources) this.noteDenied(resource, nowMs);
    const aheadMicros = micros - askedAtMs * 1_000;
    const isOther = node !== this.node || nowMs - this.heardAtMs > KNOWN_FOR_MS;
    // An answer takes no longer than the node timeout. So a larger difference means that the clock was set.
    const wasSet = aheadMicros - this.aheadMicros > this.around.nodeTimeoutMs * 1_000;
    if (!isOther && !wasSet && aheadMicros >= this.aheadMicros) return;
    this.node = node;
    this.aheadMicros = aheadMicros;
    this.heardAtMs = nowMs;
  }

  /**
   * The time in microseconds that `leader` has now. Undefined if that is not known, or if it has not denied any of
   * these resources of late.
   */
  ifContended(leader: LockNode | undefined, resources: readonly string[]): number | undefined {
    if (this.deniedAtMs.size === 0 || leader !== this.node) return undefined;
    const nowMs = this.around.clock.now();
    const isDenied = (resource: string) =>
      nowMs - (this.deniedAtMs.get(resource) ?? -Infinity) <= KNOWN_FOR_MS;
    return resources.some(isDenied) ? Math.round(nowMs * 1_000 + this.aheadMicros) : undefined;
  }

  private noteDenied(resource: string, nowMs: number): void {
    // The one that was denied last goes to the end.
    this.deniedAtMs.delete(resource);
    this.deniedAtMs.set(resource, nowMs);
    if (this.deniedAtMs.size <= MOST_RESOURCES) return;
    const [first = resource] = this.deniedAtMs.keys();
    this.deniedAtMs.delete(first);
  }
}
