import type { FailedVote } from '../../lib/ports/lock-node.interface';
import type { SimulatedClient } from './simulated-client';
import type { SimulatedNode } from './simulated-node';
import type { Timeline } from './timeline';

/** One connection: first in, first out in both directions, and nothing is sent twice. */
export class Connection {
  isBroken = false;

  private readonly inFlight = new Set<(answer: FailedVote) => void>();
  private readonly silenced = new Set<'requests' | 'replies'>();
  private lastArrivalMs = 0;
  private lastReplyMs = 0;
  /** When what was written before it broke arrives; undefined: never. */
  private remainsArriveAtMs: number | undefined;

  constructor(
    private readonly timeline: Timeline,
    private readonly client: SimulatedClient,
    private readonly node: SimulatedNode,
    private readonly delayMs: () => number,
  ) {}

  /** `onReply` is called once: with what the node replies, or with a failure when the connection breaks before. */
  request<V>(apply: (reply: (answer: V) => void) => void, onReply: (answer: V | FailedVote) => void): void {
    // Nobody has told the client yet.
    this.inFlight.add(onReply);
    if (this.isBroken || this.silenced.has('requests')) return;
    this.lastArrivalMs = Math.max(
      this.lastArrivalMs,
      this.timeline.nowMs + this.client.clock.aheadMs + this.delayMs(),
    );
    this.timeline.at(this.lastArrivalMs, () => {
      this.arrive(() => {
        apply((answer) => {
          this.reply(() => {
            if (this.inFlight.delete(onReply)) onReply(answer);
          });
        });
      });
    });
  }

  /** A message that nobody asked for. */
  push(deliver: () => void): void {
    this.reply(deliver);
  }

  silence(which: 'requests' | 'replies'): void {
    this.silenced.add(which);
  }

  break(lateMs: number | null): void {
    this.isBroken = true;
    if (lateMs !== null) this.remainsArriveAtMs = this.timeline.nowMs + lateMs;
  }

  failAll(vote: FailedVote): void {
    const waiting = [...this.inFlight];
    this.inFlight.clear();
    for (const fail of waiting) fail(vote);
  }

  private arrive(apply: () => void): void {
    if (this.isBroken) {
      if (this.remainsArriveAtMs === undefined) return;
      if (this.timeline.nowMs < this.remainsArriveAtMs) {
        this.timeline.at(this.remainsArriveAtMs, () => {
          this.arrive(apply);
        });
        return;
      }
    }
    this.node.receive(this, apply);
  }

  private reply(deliver: () => void): void {
    if (this.isBroken || this.silenced.has('replies')) return;
    this.lastReplyMs = Math.max(this.lastReplyMs, this.timeline.nowMs + this.delayMs());
    this.timeline.at(this.lastReplyMs, () => {
      // What had arrived before the connection broke was read.
      if (!this.isBroken) this.client.run(deliver);
    });
  }
}
