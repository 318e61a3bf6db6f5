import type { Clock, Timer } from '../../ports/clock.interface';
import { type Instant, readInstant } from '../../ports/times';
import type { Server, ServerClient } from '../client/server-client.interface';
import { ClockWatch } from './clock-watch';

/** Servers are asked for their time this often, so that a jump is noticed before it ends many locks. */
const LOOK_EVERY_MS = 5_000;
/**
 * The same while this process has no lock. It is often enough for firewalls, which forget a connection that is
 * silent for a minute.
 */
const REST_MS = 30_000;

export interface ServerClocksSetup {
  readonly client: ServerClient;
  readonly clock: Clock;
  /** The clock of a server may get ahead of ours by this much. */
  readonly clockBudgetMs: number;
  /**
   * The longest ttl. After this time without a request, no lock of this process is left: each would have been
   * extended, or is over.
   */
  readonly longestTtlMs?: number;
  /** The number of requests so far. */
  requests?(): number;
  /** Called when the clock of a server jumped ahead by this much. */
  onClockAhead(aheadMs: number): void;
}

/**
 * The clocks of the servers behind a node. They are compared with ours whenever a server tells its time, and every
 * few seconds.
 */
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
   * True if there was no request for so long that servers are asked seldom. The next request calls `wake` first.
   * So if a clock has jumped, that is reported before the request is answered.
   */
  get isResting(): boolean {
    return this.idleMs >= (this.setup.longestTtlMs ?? Infinity);
  }

  wake(): void {
    this.idleMs = 0;
    this.askAll();
  }

  /** True while some server has not answered with its time. */
  get isOwed(): boolean {
    return this.owed > 0;
  }

  /** The number of answers so far. */
  get answered(): number {
    return this.answers;
  }

  /**
   * Notes the time that a server told. It may be another server than before, with another clock. A key may have
   * moved to it, so the jump counts all the same.
   */
  saw(server: Server, micros: number, sentAt: Instant): void {
    const { clock, clockBudgetMs } = this.setup;
    const watch = this.watches.get(server) ?? new ClockWatch(clock, clockBudgetMs);
    this.watches.set(server, watch);
    this.tell(watch.saw(micros, sentAt));
  }

  /**
   * Notes the time in a reply of the one server. In a cluster it is unknown which server replied, so it is
   * ignored.
   */
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
      // The question failed, or the reply has no time. There is nothing to compare.
    } finally {
      this.owed -= 1;
      this.answers += 1;
    }
  }

  private tell(aheadMs: number | undefined): void {
    if (aheadMs !== undefined) this.setup.onClockAhead(aheadMs);
  }
}
