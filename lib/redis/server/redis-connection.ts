import type { NodeStatus, NodeStatusChange } from '../../ports/lock-node.interface';
import { detached } from '../../ports/detached';
import { FAILED_OVER, NOBODY_KNOWS, NOT_LISTED, overloaded, SILENT } from './connection-reasons';
import { watchForDeath } from './dead-connection';
import { DownReasons } from './down-reasons';
import { HeldReplies } from './question';
import { type Question, tellError, tellReply } from './question';
import { DEFAULTS, type RedisConnectionSetup } from './redis-connection-setup';
import { RedisNodeError, toRedisNodeError, withoutRedirection } from '../client/redis-node-error';
import type { Askable, ServerClient } from '../client/server-client.interface';
import { type SentinelWatch, watchSentinels } from './sentinel-watch';
import { ServerRoster } from './server-roster';

/** Our own connection to one node. It knows if the node can be used, and every request goes over it (R13). */
export class RedisConnection {
  readonly client: ServerClient;

  /** True if keys of different slots need separate commands: the node is a Redis Cluster, or a server of one. */
  hasSlots: boolean;

  private currentStatus: NodeStatus = 'connecting';
  /** The error of every request while none can be sent. It is one object, since a node can be down for long. */
  private unusable = new RedisNodeError('not connected yet', 'NOT_CONNECTED');
  private lastError: RedisNodeError | undefined;
  private inFlight = 0;
  private answered = 0;
  private closing: Promise<void> | undefined;
  /** True while all connections that are needed are there. */
  private isConnected = false;
  /** The clock of a server jumped ahead by this much. It is reported when the node goes up. */
  private clockAheadMs: number | undefined;
  private readonly mostInFlight: number;
  private readonly held = new HeldReplies();
  private readonly downReasons = new DownReasons();
  private readonly roster: ServerRoster;
  private readonly sentinels: SentinelWatch | undefined;
  private readonly stopWatching: () => void;

  constructor(private readonly setup: RedisConnectionSetup) {
    const { description, clock } = setup;
    this.client = description.open();
    this.hasSlots = this.client.cluster !== undefined;
    this.mostInFlight = setup.mostInFlight ?? DEFAULTS.mostInFlight;
    this.roster = new ServerRoster({
      client: this.client,
      clock,
      clockBudgetMs: setup.clockBudgetMs ?? DEFAULTS.clockBudgetMs,
      longestTtlMs: setup.maxTtlMs,
      limitMs: setup.nodeTimeoutMs ?? DEFAULTS.nodeTimeoutMs,
      requests: () => this.answered + this.inFlight,
      secrets: description.secrets,
      takesReplicas: setup.takesReplicas ?? false,
      onKnown: (server) => {
        setup.onServerKnown?.(server);
      },
      onAnswer: () => {
        this.recogniseServers();
      },
      onClockAhead: (clockAheadMs) => {
        if (this.currentStatus === 'up') setup.onStatus({ status: 'up', clockAheadMs });
        else this.clockAheadMs = clockAheadMs;
      },
    });
    this.client.watch({
      onServerReady: (server) => {
        setup.onServerReady(server);
        this.roster.introduce(server);
      },
      onListed: () => {
        if (this.roster.forgetOthers()) this.held.settle(NOT_LISTED);
        this.recogniseServers();
      },
      onUp: () => {
        this.isConnected = true;
        this.recogniseServers();
      },
      onDown: () => {
        this.isConnected = false;
        this.goDown();
      },
      onError: (error) => {
        this.lastError = this.sentinels?.explain(error) ?? toRedisNodeError(error, description.secrets);
      },
    });
    this.stopWatching = watchForDeath(this.client, clock, {
      limitMs: setup.nodeTimeoutMs ?? DEFAULTS.nodeTimeoutMs,
      answered: () => this.answered + this.roster.answered,
      isOwed: () => this.inFlight > 0 || this.roster.isOwed,
      onDead: (dead) => {
        this.giveUp(dead, SILENT);
      },
    });
    this.client.keepConnected(clock, (error) => {
      this.lastError = toRedisNodeError(error, description.secrets);
      this.goDown();
    });
    this.sentinels = watchSentinels(this.client, description, clock, {
      onSwitch: () => {
        this.giveUp(this.client, FAILED_OVER);
      },
      onInformed: () => {
        this.recogniseServers();
      },
    });
  }

  get status(): NodeStatus {
    return this.currentStatus;
  }

  /** The number of questions that were sent and are not answered. Undefined if none can be sent now. */
  get underWay(): number | undefined {
    return this.currentStatus === 'up' ? this.inFlight + this.held.count : undefined;
  }

  /** Sends the question now or fails it now: nothing waits here. The question gets exactly one answer. */
  ask(question: Question): void {
    const { underWay } = this;
    if (underWay === undefined) {
      tellError(question, this.unusable);
      return;
    }
    if (underWay >= this.mostInFlight) {
      tellError(question, overloaded(underWay));
      return;
    }
    if (this.roster.clocks.isResting) this.roster.clocks.wake();
    let reply: Promise<unknown>;
    try {
      // If the write fails, the client may open the next connection, which must not belong to the caller.
      reply = detached(sendTo, question, this.client);
    } catch (error) {
      tellError(question, this.failure(error));
      return;
    }
    this.inFlight += 1;
    reply.then(
      (value) => {
        this.countAnswer();
        if (!this.isFromKnown()) tellError(question, this.unusable);
        else if (this.roster.isInDoubt) this.held.add({ reply: value, question });
        else tellReply(question, value);
      },
      (error: unknown) => {
        this.countAnswer();
        tellError(question, this.failure(error));
      },
    );
  }

  inOnePacket(send: () => void): void {
    this.client.inOnePacket(send);
  }

  /** Notes the time of the server in a reply, in microseconds. */
  sawTime(micros: number): void {
    this.roster.clocks.sawInReply(micros);
  }

  /** Closes our connection. It waits only for a short time, since a silent server must not delay a shutdown. */
  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    this.unusable = new RedisNodeError(`${this.setup.description.name} is closed`, 'CLOSED');
    this.changeStatus({ status: 'closed' });
    this.held.settle(this.unusable);
    this.stopWatching();
    this.sentinels?.stop();
    this.roster.stop();
    await this.client.close(this.setup.clock);
  }

  /**
   * Reports the node as up, after its servers have said who they are: else a request may meet a server that has
   * forgotten everything (R12). It reports again when other servers answer than before, as happens in a cluster.
   */
  private recogniseServers(): void {
    if (!this.isConnected || this.currentStatus === 'closed') return;
    const failover = this.sentinels?.problem;
    if (failover !== undefined) this.sentinels?.askAgain();
    const problem = this.roster.problem ?? failover;
    if (problem !== undefined) {
      this.lastError = problem;
      this.goDown();
      // The connection may lead to the wrong place. Only a new connection looks the name up again.
      if (this.client.cluster === undefined) this.giveUp(this.client, problem);
      return;
    }
    const hasNews = this.roster.takeNews(this.currentStatus === 'up');
    const isComplete = this.roster.isComplete && this.sentinels?.isInformed !== false;
    if (this.currentStatus === 'up' ? hasNews : isComplete) this.goUp();
    if (!this.roster.isInDoubt) this.held.settle();
  }

  private goUp(): void {
    this.lastError = undefined;
    this.client.isGood();
    const { clockAheadMs } = this;
    this.clockAheadMs = undefined;
    const { facts } = this.roster;
    if (facts?.some(({ isOneOfCluster }) => isOneOfCluster)) this.hasSlots = true;
    const warning = facts === undefined ? NOBODY_KNOWS : undefined;
    const hasForgotten = this.roster.takeLoss();
    this.changeStatus({ status: 'up', servers: facts, hasForgotten, clockAheadMs, warning });
  }

  /**
   * In a cluster a redirect may lead to a replica that took over, before any event tells. So the servers are
   * checked before a reply counts.
   */
  private isFromKnown(): boolean {
    if (this.client.cluster === undefined) return true;
    this.recogniseServers();
    return this.currentStatus !== 'down';
  }

  private giveUp(connection: Askable, reason: RedisNodeError): void {
    this.lastError = reason;
    connection.reset();
  }

  private goDown(): void {
    if (this.currentStatus === 'closed') return;
    const reason = this.lastError;
    this.unusable = new RedisNodeError(
      `not connected: ${reason?.message ?? 'the server closed the connection'}`,
      reason?.code ?? 'NOT_CONNECTED',
    );
    const isFirst = this.currentStatus !== 'down';
    if (isFirst) this.downReasons.begin(reason);
    if (isFirst || this.downReasons.takeNews(reason))
      this.changeStatus({ status: 'down', error: this.unusable });
    this.held.settle(this.unusable);
  }

  private changeStatus(change: NodeStatusChange): void {
    this.currentStatus = change.status;
    this.setup.onStatus(change);
  }

  private countAnswer(): void {
    this.inFlight -= 1;
    this.answered += 1;
  }

  private failure(error: unknown): RedisNodeError {
    if (!this.client.isCutOff(error)) {
      const failure = toRedisNodeError(error, this.setup.description.secrets);
      // A proxy in front of a cluster need not say that it has slots. This error shows it.
      if (failure.code === 'CROSSSLOT') this.hasSlots = true;
      return this.client.cluster === undefined ? withoutRedirection(failure) : failure;
    }
    const reason = this.lastError === undefined ? '' : `: ${this.lastError.message}`;
    return new RedisNodeError(`the connection broke before the answer${reason}`, 'DISCONNECTED');
  }
}

function sendTo(question: Question, client: ServerClient): Promise<unknown> {
  return question.send(client);
}
