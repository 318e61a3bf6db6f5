import type { Clock, Timer } from '../../ports/clock.interface';
import { type Instant, readInstant } from '../../core/validity';
import type { Server, ServerClient } from '../client/server-client.interface';
import { ClockWatch } from './clock-watch';

/** How often servers are asked for their time, so that a jump is noticed before it ends many locks. */
const LOOK_EVERY_MS = 5_000;
/** While this process has no lock: often enough for firewalls, which forget a connection that is silent for a minute. */
const REST_MS = 30_000;

export interface ServerClocksSetup {
  readonly client: ServerClient;
  readonly clock: Clock;
  /** How far the clock of a server may get ahead of ours. */
  readonly clockBudgetMs: number;
  /** After this time without a request no lock of this process is left: each would have been extended, or is over. */
  readonly longestTtlMs?: number;
  /** How many requests there have been, ever. */
  requests?(): number;
  /** The clock of a server jumped ahead by so much. */
  onClockAhead(aheadMs: number): void;
}

/** The clocks of the servers behind a node: compared with ours whenever one says its time, and every few seconds. */
export class ServerClocks {
  private readonly watches = new WeakMap<Server, ClockWatch>();
  private timer: Timer | undefined;
  private owed = 0;
  private answers = 0;
  private requestsAtLastLook = 0;
  private idleMs = 0;
  private unaskedMs = 0;

  constructor(private readonly setup: ServerClocksSetup) {
    this.lookAgain();
  }

  /**
   * No request for so long that servers are asked seldom. Whoever makes the next one wakes us first: a clock that ran away
   * meanwhile is then told of before that request is answered.
   */
  get isResting(): boolean {
    return this.idleMs >= (this.setup.longestTtlMs ?? Infinity);
  }

  wake(): void {
    this.idleMs = 0;
    this.askAll();
  }

  /** Whether some server has not told us its time yet. */
  get isOwed(): boolean {
    return this.owed > 0;
  }

  /** How many answers there have been, ever. */
  get answered(): number {
    return this.answers;
  }

  /**
   * A server said its time, and perhaps it is another one than before: that has another clock, but a key may have moved
   * there, so a jump counts all the same.
   */
  saw(server: Server, micros: number, sentAt: Instant): void {
    const { clock, clockBudgetMs } = this.setup;
    const watch = this.watches.get(server) ?? new ClockWatch(clock, clockBudgetMs);
    this.watches.set(server, watch);
    this.tell(watch.saw(micros, sentAt));
  }

  /** A reply of the one server had its time. In a cluster nobody knows whose reply it was. */
  sawInReply(micros: number): void {
    const { client } = this.setup;
    if (micros === 0 || client.cluster !== undefined) return;
    for (const server of client.servers()) this.tell(this.watches.get(server)?.saw(micros));
  }

  stop(): void {
    this.timer?.cancel();
  }

  private lookAgain(): void {
    this.timer = this.setup.clock.schedule(
      LOOK_EVERY_MS,
      () => {
        this.look();
        this.lookAgain();
      },
      { background: true },
    );
  }

  private look(): void {
    const requests = this.setup.requests?.() ?? 0;
    this.idleMs = requests === this.requestsAtLastLook ? this.idleMs + LOOK_EVERY_MS : 0;
    this.requestsAtLastLook = requests;
    this.unaskedMs += LOOK_EVERY_MS;
    if (!this.isResting || this.unaskedMs >= REST_MS) this.askAll();
  }

  private askAll(): void {
    this.unaskedMs = 0;
    for (const server of this.setup.client.masters()) if (server.isReady) void this.askTime(server);
  }

  private async askTime(server: Server): Promise<void> {
    const sentAt = readInstant(this.setup.clock);
    this.owed += 1;
    try {
      const [seconds, micros] = (await server.send('time')) as unknown[];
      const time = Number(seconds) * 1_000_000 + Number(micros);
      if (Number.isSafeInteger(time)) this.saw(server, time, sentAt);
    } catch {
      // Refused, cut off, or no time at all: there is nothing to compare.
    } finally {
      this.owed -= 1;
      this.answers += 1;
    }
  }

  private tell(aheadMs: number | undefined): void {
    if (aheadMs !== undefined) this.setup.onClockAhead(aheadMs);
  }
}
