import type { Clock, Timer } from '../../ports/clock.interface';
import type { ServerFacts } from '../../ports/lock-node.interface';
import { readInstant } from '../../ports/times';
import { Newcomers } from './newcomers';
import { isRefusedForGood, RedisNodeError, toRedisNodeError } from '../client/redis-node-error';
import type { Server, ServerClient } from '../client/server-client.interface';
import {
  objectionTo,
  parseServerInfo,
  type ServerInfo,
  UNKNOWN_SERVER,
  wasReplicaSince,
} from './server-info';
import { ServerClocks } from './server-clocks';

const ASK_AGAIN_MS = 1_000;

export interface ServerRosterSetup {
  readonly client: ServerClient;
  readonly clock: Clock;
  /** The clock of a server may get ahead of ours by this much. */
  readonly clockBudgetMs: number;
  /** See {@link ServerClocks}. */
  readonly longestTtlMs?: number;
  requests?(): number;
  /** The longest time for finding out about a master that joined a cluster. */
  readonly limitMs: number;
  /** The texts that must never be shown. */
  readonly secrets: readonly string[];
  /** True if a replica may be used. Else it has to become a master first. */
  readonly takesReplicas: boolean;
  /** Called before `onAnswer` when a server may be used: it has said who it is, or never will. */
  onKnown(server: Server): void;
  /** Called when a server has said what it is, or refused to. */
  onAnswer(): void;
  /** Called when the clock of a server jumped ahead by this much. */
  onClockAhead(aheadMs: number): void;
}

/** The result of asking a server on its connection. */
interface Entry {
  readonly server: Server;
  info?: ServerInfo;
  /** The time of the answer on our monotonic clock. */
  heardAtMs: number;
  /** The reason why the server must not be used now. It is asked again. */
  problem?: RedisNodeError;
  /** See {@link Newcomers}. */
  isAdditional?: boolean;
}

/**
 * Knows which servers are behind a node: the one server, or those of a cluster. They are asked on every new
 * connection, by `INFO`.
 */
export class ServerRoster {
  readonly clocks: ServerClocks;

  private readonly entries = new WeakMap<Server, Entry>();
  /**
   * The servers of the node, by address. A server whose connection broke stays here: if the same server returns
   * and nobody took its place, nothing was forgotten.
   */
  private readonly members = new Map<string, Entry>();
  private readonly newcomers: Newcomers | undefined;
  private hasChanged = false;
  /** True if a server of the node was a replica meanwhile. */
  private wasReplica = false;
  private owed = 0;
  private answers = 0;
  private again: Timer | undefined;
  private isStopped = false;

  constructor(private readonly setup: ServerRosterSetup) {
    const { client, clock, limitMs } = setup;
    this.clocks = new ServerClocks(setup);
    if (client.cluster === undefined) return;
    this.newcomers = new Newcomers({
      ...{ cluster: client.cluster, clock, limitMs },
      masters: () => client.masters(),
      memberAt: (address) => this.members.get(address),
      ask: (server) => this.ask(server),
      onJudged: () => {
        setup.onAnswer();
      },
    });
  }

  /** True while some server has not answered. */
  get isOwed(): boolean {
    return this.owed > 0 || this.clocks.isOwed;
  }

  /** The number of answers so far. On a node that nobody uses, only these show that it is alive. */
  get answered(): number {
    return this.answers + this.clocks.answered;
  }

  /** True if all servers that may answer now have said who they are. */
  get isComplete(): boolean {
    return this.answering.every((server) => this.entries.get(server)?.info !== undefined);
  }

  /** The reason why a server that may answer now must not be used. */
  get problem(): RedisNodeError | undefined {
    for (const server of this.answering) {
      const problem = this.entries.get(server)?.problem;
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  /** The facts at this moment. Undefined if a server cannot tell them. */
  get facts(): readonly ServerFacts[] | undefined {
    const now = this.setup.clock.now();
    const isAlone = this.setup.client.cluster === undefined;
    const facts: ServerFacts[] = [];
    for (const { info, heardAtMs, isAdditional } of this.members.values()) {
      if (info?.facts === undefined) return undefined;
      const uptimeMs = info.facts.uptimeMs + now - heardAtMs;
      facts.push({
        ...info.facts,
        uptimeMs,
        ...(isAlone && info.keepsSlots ? { isOneOfCluster: true } : {}),
        ...(isAdditional ? { isAdditional } : {}),
      });
    }
    return facts;
  }

  /** True while replies may come from a master of which it is unknown how it got its slots. */
  get isInDoubt(): boolean {
    return this.newcomers?.areInDoubt ?? false;
  }

  /**
   * Tells if the servers of the node have changed since the last call. It is called often.
   *
   * @param isUp true if the node is up: then a new server has joined the others, or has replaced one
   */
  takeNews(isUp = false): boolean {
    for (const server of this.answering) {
      const entry = this.entries.get(server);
      if (entry?.info === undefined) continue;
      const address = this.addressOf(server);
      if (isUp && !this.members.has(address))
        entry.isAdditional = this.newcomers?.isAdditional(address, entry);
      if (!isUp || this.members.has(address) || entry.isAdditional !== undefined) this.note(address, entry);
    }
    const hasLoss = this.newcomers?.hasLossOf(this.members.keys()) ?? false;
    const hasNews = this.hasChanged || hasLoss;
    this.hasChanged = false;
    return hasNews;
  }

  /**
   * Tells if a server may have forgotten locks, though it is none that is new, since the last call: it took slots over
   * from a master that is away, or was a replica meanwhile.
   */
  takeLoss(): boolean {
    const { wasReplica } = this;
    this.wasReplica = false;
    return this.newcomers?.takeLoss() === true || wasReplica;
  }

  /** Call it on a new connection, which may lead to another server than before. */
  introduce(server: Server): void {
    void this.meet(server, { server, heardAtMs: 0 });
  }

  /**
   * Call it when the cluster has just told its masters. Other servers have left, or are replicas now.
   *
   * @returns true if replies that are in doubt may come from such a server
   */
  forgetOthers(): boolean {
    const listed = new Set(this.answering.map((server) => this.addressOf(server)));
    const isOneUnlisted = this.newcomers?.listed(listed) ?? false;
    for (const address of this.members.keys()) {
      if (!listed.has(address) && this.members.delete(address)) this.hasChanged = true;
    }
    return isOneUnlisted;
  }

  stop(): void {
    this.isStopped = true;
    this.again?.cancel();
    this.clocks.stop();
    this.newcomers?.stop();
  }

  private async meet(server: Server, entry: Entry): Promise<void> {
    this.entries.set(server, entry);
    const sentAt = readInstant(this.setup.clock);
    const answer = await this.ask(server);
    // The connection was cut, or the server was introduced again in the meantime.
    if (answer === undefined || this.isStopped || this.entries.get(server) !== entry) return;
    entry.heardAtMs = this.setup.clock.now();
    entry.problem = answer instanceof RedisNodeError ? answer : objectionTo(answer, this.takesReplicas);
    if (answer instanceof RedisNodeError || entry.problem !== undefined) this.askAgainLater();
    else {
      entry.info = answer;
      this.setup.onKnown(server);
    }
    this.setup.onAnswer();
    if (entry.info?.timeMicros !== undefined) this.clocks.saw(server, entry.info.timeMicros, sentAt);
  }

  /** True if replicas may be used. In a Cluster a replica redirects us to its master. */
  private get takesReplicas(): boolean {
    return this.setup.takesReplicas || this.setup.client.cluster !== undefined;
  }

  private get answering(): readonly Server[] {
    return this.setup.client.masters();
  }

  /** The key of a server in `members`. A single server has no address: a Sentinel may name another one later. */
  private addressOf(server: Server): string {
    return this.setup.client.cluster === undefined ? '' : server.address;
  }

  private note(address: string, entry: Entry): void {
    const before = this.members.get(address);
    if (before === entry) return;
    this.members.set(address, entry);
    this.newcomers?.forget(address);
    if (before === undefined || before.info?.facts?.runId !== entry.info?.facts?.runId) {
      this.hasChanged = true;
      return;
    }
    // The same server is back after its connection broke.
    entry.isAdditional = before.isAdditional;
    if (entry.info !== undefined && wasReplicaSince(before.info, entry.info)) {
      this.wasReplica = true;
      this.hasChanged = true;
    }
  }

  /** Asks a server by `INFO`. Returns undefined if the connection was cut: there will be another one, or none. */
  private async ask(server: Server): Promise<ServerInfo | RedisNodeError | undefined> {
    this.owed += 1;
    try {
      return parseServerInfo(await server.send('info'));
    } catch (error) {
      if (server.isCutOff(error)) return undefined;
      const problem = toRedisNodeError(error, this.setup.secrets);
      return isRefusedForGood(problem) ? UNKNOWN_SERVER : problem;
    } finally {
      this.owed -= 1;
      this.answers += 1;
    }
  }

  /**
   * Asks servers with a problem again, until there is an answer. It does so only in a cluster, which names its
   * servers itself. Other connections are given up, since they may lead to the wrong place and stay there.
   */
  private askAgainLater(): void {
    const { client, clock } = this.setup;
    if (client.cluster === undefined) return;
    this.again ??= clock.schedule(
      ASK_AGAIN_MS,
      () => {
        this.again = undefined;
        for (const server of client.servers()) {
          const problem = this.entries.get(server)?.problem;
          if (problem !== undefined && server.isReady)
            void this.meet(server, { server, heardAtMs: 0, problem });
        }
      },
      { background: true },
    );
  }
}
