import type { Cluster, Redis } from 'ioredis';
import type { Clock } from '../core/clock.interface';
import type { NodeStatus, NodeStatusChange } from '../core/lock-node.interface';
import { detached } from '../core/detached';
import { breakConnection, isCluster } from './break-connection';
import { callSafely } from './call-safely';
import { closeClient } from './close-client';
import type { RedisNodeDescription } from './redis-connections';
import { isCutOff, RedisNodeError, toRedisNodeError, withoutRedirection } from './redis-node-error';
import { reconnectAfterEnd } from './reconnect-after-end';
import { ServerRoster } from './server-roster';
import { watchServers } from './server-watch';
import { watchForStall } from './stall-watch';

/** A server that is too slow to answer must not make us remember ever more requests (R18). */
const MOST_IN_FLIGHT = 10_000;
const CLOCK_BUDGET_MS = 100;

export interface RedisConnectionSetup {
  readonly description: RedisNodeDescription;
  readonly clock: Clock;
  /** @default 10_000 */
  readonly mostInFlight?: number;
  /**
   * How far the clock of a server may get ahead of ours, in milliseconds.
   *
   * @default 100
   */
  readonly clockBudgetMs?: number;
  /** For those who only look. */
  readonly takesReplicas?: boolean;
  /** A connection to a server is ready, before any request is sent on it. A cluster has several. */
  onServerReady(server: Redis): void;
  onStatus(change: NodeStatusChange): void;
}

/** What both kinds of client have and we use. Their overloads are the same, yet TypeScript cannot merge them. */
export type CommandClient = Pick<Redis, 'set' | 'evalsha' | 'eval' | 'sendCommand' | 'isCluster'>;

/** Our own connection to one node: whether it can be used, and every request that goes over it (R13). */
export class RedisConnection {
  readonly client: Redis | Cluster;

  /** Whether keys of different slots have to be asked for apart: it is a Redis Cluster, or a server of one. */
  hasSlots: boolean;

  private currentStatus: NodeStatus = 'connecting';
  /** Why no request can be sent now; one object for all of them, since a node can be down for long. */
  private unusable = new RedisNodeError('not connected yet', 'NOT_CONNECTED');
  private lastError: RedisNodeError | undefined;
  private inFlight = 0;
  private answered = 0;
  private closing: Promise<void> | undefined;
  /** Every connection that it takes is there. */
  private isConnected = false;
  /** By how much the clock of a server jumped, to be told when the node goes up. */
  private clockAheadMs: number | undefined;
  private readonly roster: ServerRoster;
  private readonly stops: readonly (() => void)[];

  constructor(private readonly setup: RedisConnectionSetup) {
    const { description, clock } = setup;
    this.client = description.open();
    this.hasSlots = isCluster(this.client);
    this.roster = new ServerRoster({
      client: this.client,
      clock,
      clockBudgetMs: setup.clockBudgetMs ?? CLOCK_BUDGET_MS,
      secrets: description.secrets,
      takesReplicas: setup.takesReplicas ?? false,
      onAnswer: () => {
        this.recogniseServers();
      },
      onClockAhead: (clockAheadMs) => {
        if (this.currentStatus === 'up') setup.onStatus({ status: 'up', clockAheadMs });
        else this.clockAheadMs = clockAheadMs;
      },
    });
    watchServers(this.client, {
      onServerReady: (server) => {
        setup.onServerReady(server);
        this.roster.introduce(server);
      },
      onListed: () => {
        this.roster.forgetOthers();
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
        this.lastError = toRedisNodeError(error, description.secrets);
      },
    });
    const stopLookingForStalls = watchForStall(clock, {
      answered: () => this.answered + this.roster.answered,
      isOwed: () => this.inFlight > 0 || this.roster.isOwed || this.client.status === 'connect',
      onStall: () => {
        this.lastError = new RedisNodeError('the server does not answer', 'STALLED');
        breakConnection(this.client);
      },
    });
    this.stops = [stopLookingForStalls, reconnectAfterEnd(this.client, clock)];
  }

  get status(): NodeStatus {
    return this.currentStatus;
  }

  /**
   * Sends now or fails now: nothing waits here for a better time. Exactly one of the callbacks is called, once.
   */
  request(
    send: (client: CommandClient) => Promise<unknown>,
    onReply: (reply: unknown) => void,
    onError: (error: RedisNodeError) => void,
  ): void {
    if (this.currentStatus !== 'up') {
      callSafely(onError, this.unusable);
      return;
    }
    if (this.inFlight >= (this.setup.mostInFlight ?? MOST_IN_FLIGHT)) {
      const error = new RedisNodeError(`${this.inFlight} requests wait for an answer already`, 'OVERLOADED');
      callSafely(onError, error);
      return;
    }
    let reply: Promise<unknown>;
    try {
      // What goes wrong while it is written may open the next connection.
      reply = detached(send, this.client);
    } catch (error) {
      callSafely(onError, this.failure(error));
      return;
    }
    this.inFlight += 1;
    reply.then(
      (value) => {
        this.countAnswer();
        if (this.isFromKnown()) callSafely(onReply, value);
        else callSafely(onError, this.unusable);
      },
      (error: unknown) => {
        this.countAnswer();
        callSafely(onError, this.failure(error));
      },
    );
  }

  /** Writes to the socket once for all requests that `send` makes: each write is a call into the operating system. */
  inOnePacket(send: () => void): void {
    const stream = isCluster(this.client) ? undefined : (this.client.stream as Redis['stream'] | undefined);
    stream?.cork();
    try {
      send();
    } finally {
      stream?.uncork();
    }
  }

  /** A reply had the time of the server, in microseconds. */
  sawTime(micros: number): void {
    this.roster.clocks.sawInReply(micros);
  }

  /** Closes our connection, and waits for it a little: a server that is silent must not hold up a shutdown. */
  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    this.unusable = new RedisNodeError(`${this.setup.description.name} is closed`, 'CLOSED');
    this.changeStatus({ status: 'closed' });
    for (const stop of this.stops) stop();
    this.roster.stop();
    await closeClient(this.client, this.setup.clock);
  }

  /**
   * Up, but not before the servers have said who they are: a request may meet one that has forgotten everything (R12).
   * And once more when others answer than before, as happens in a cluster.
   */
  private recogniseServers(): void {
    if (!this.isConnected || this.currentStatus === 'closed') return;
    const { problem } = this.roster;
    if (problem !== undefined) {
      this.lastError = problem;
      this.goDown();
      return;
    }
    const hasNews = this.roster.takeNews();
    if (this.currentStatus === 'up' ? !hasNews : !this.roster.isComplete) return;
    this.lastError = undefined;
    const { clockAheadMs } = this;
    this.clockAheadMs = undefined;
    const servers = this.roster.facts;
    if (servers?.some(({ isOneOfCluster }) => isOneOfCluster)) this.hasSlots = true;
    this.changeStatus({ status: 'up', servers, clockAheadMs });
  }

  /**
   * In a cluster a redirect leads to a replica that took over before any event tells. So whoever counts the reply hears
   * of it first.
   */
  private isFromKnown(): boolean {
    if (!isCluster(this.client)) return true;
    this.recogniseServers();
    return this.currentStatus !== 'down';
  }

  private goDown(): void {
    if (this.currentStatus === 'closed') return;
    const reason = this.lastError;
    this.unusable = new RedisNodeError(
      `not connected: ${reason?.message ?? 'the server closed the connection'}`,
      reason?.code ?? 'NOT_CONNECTED',
    );
    if (this.currentStatus !== 'down') this.changeStatus({ status: 'down', error: this.unusable });
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
    if (!isCutOff(error)) {
      const failure = toRedisNodeError(error, this.setup.description.secrets);
      // What stands before a cluster need not say so.
      if (failure.code === 'CROSSSLOT') this.hasSlots = true;
      return isCluster(this.client) ? failure : withoutRedirection(failure);
    }
    const reason = this.lastError === undefined ? '' : `: ${this.lastError.message}`;
    return new RedisNodeError(`the connection broke before the answer${reason}`, 'DISCONNECTED');
  }
}
