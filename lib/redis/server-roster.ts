import type { Cluster, Redis } from 'ioredis';
import type { Clock, Timer } from '../core/clock.interface';
import type { ServerFacts } from '../core/lock-node.interface';
import { readInstant } from '../core/validity';
import { isCluster } from './break-connection';
import { ClockWatch } from './clock-watch';
import { isCutOff } from './redis-node-error';
import { parseServerInfo, type ServerInfo, UNKNOWN_SERVER } from './server-info';

/** How often servers are asked for their time, so that a jump is noticed before it ends many locks. */
const LOOK_EVERY_MS = 5_000;

export interface ServerRosterSetup {
  readonly client: Redis | Cluster;
  readonly clock: Clock;
  /** How far the clock of a server may get ahead of ours. */
  readonly clockBudgetMs: number;
  /** A server has said what it is. */
  onKnown(): void;
  /** The clock of a server jumped ahead by so much. */
  onClockAhead(aheadMs: number): void;
}

interface Entry {
  readonly watch: ClockWatch;
  info: ServerInfo | undefined;
}

/** Who is behind a node: the server, or those of a cluster; what they say of themselves, and their clocks. */
export class ServerRoster {
  private readonly entries = new WeakMap<Redis, Entry>();
  private timer: Timer | undefined;
  private owed = 0;

  constructor(private readonly setup: ServerRosterSetup) {
    this.lookAgain();
  }

  /** Whether some server has not answered us yet. */
  get isOwed(): boolean {
    return this.owed > 0;
  }

  /** On a new connection, perhaps to another server than before. */
  async introduce(server: Redis): Promise<void> {
    const { clock, clockBudgetMs } = this.setup;
    const known = this.entries.get(server);
    const entry: Entry = { watch: known?.watch ?? new ClockWatch(clock, clockBudgetMs), info: undefined };
    this.entries.set(server, entry);
    const sentAt = readInstant(clock);
    const info = await this.ask(() => server.info());
    // Introduced again meanwhile, or cut off and about to be.
    if (info === undefined || this.entries.get(server) !== entry) return;
    entry.info = info === null ? UNKNOWN_SERVER : parseServerInfo(info);
    const { timeMicros } = entry.info;
    // Another server has another clock, but a key may have moved there, so a jump counts all the same.
    const aheadMs = timeMicros === undefined ? undefined : entry.watch.saw(timeMicros, sentAt);
    this.setup.onKnown();
    if (aheadMs !== undefined) this.setup.onClockAhead(aheadMs);
  }

  /** What the servers that may answer now are; undefined while one of them has not said. */
  get infos(): readonly ServerInfo[] | undefined {
    const infos = this.answering.map((server) => this.entries.get(server)?.info);
    return infos.includes(undefined) ? undefined : (infos as ServerInfo[]);
  }

  /** Undefined when some of them cannot tell. */
  get facts(): readonly ServerFacts[] | undefined {
    const facts = this.infos?.map((info) => info.facts);
    return facts === undefined || facts.includes(undefined) ? undefined : (facts as ServerFacts[]);
  }

  /** A reply of the one server had its time. In a cluster nobody knows whose reply it was. */
  sawTime(micros: number): void {
    if (micros === 0 || isCluster(this.setup.client)) return;
    const aheadMs = this.entries.get(this.setup.client)?.watch.saw(micros);
    if (aheadMs !== undefined) this.setup.onClockAhead(aheadMs);
  }

  stop(): void {
    this.timer?.cancel();
  }

  private get answering(): readonly Redis[] {
    const { client } = this.setup;
    return isCluster(client) ? client.nodes('master') : [client];
  }

  private lookAgain(): void {
    this.timer = this.setup.clock.schedule(
      LOOK_EVERY_MS,
      () => {
        for (const server of this.answering) if (server.status === 'ready') void this.askTime(server);
        this.lookAgain();
      },
      { background: true },
    );
  }

  private async askTime(server: Redis): Promise<void> {
    const entry = this.entries.get(server);
    const sentAt = readInstant(this.setup.clock);
    const time = await this.ask(() => server.time());
    if (!Array.isArray(time) || this.entries.get(server) !== entry) return;
    const micros = Number(time[0]) * 1_000_000 + Number(time[1]);
    const aheadMs = Number.isSafeInteger(micros) ? entry?.watch.saw(micros, sentAt) : undefined;
    if (aheadMs !== undefined) this.setup.onClockAhead(aheadMs);
  }

  /** Null: it may not be asked. Undefined: it was cut off. */
  private async ask<T>(send: () => Promise<T>): Promise<T | null | undefined> {
    this.owed += 1;
    try {
      return await send();
    } catch (error) {
      return isCutOff(error) ? undefined : null;
    } finally {
      this.owed -= 1;
    }
  }
}
