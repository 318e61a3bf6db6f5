import type { Cluster, Redis } from 'ioredis';
import type { Clock } from '../core/clock.interface';
import type { NodeStatus, NodeStatusChange } from '../core/lock-node.interface';
import { breakConnection, isCluster } from './break-connection';
import { callSafely } from './call-safely';
import { closeClient } from './close-client';
import type { RedisNodeDescription } from './redis-connections';
import { isCutOff, RedisNodeError, toRedisNodeError } from './redis-node-error';
import { ServerRoster } from './server-roster';
import { watchServers } from './server-watch';
import { watchForStall } from './stall-watch';

/** A server that is too slow to answer must not make us remember ever more requests (R18). */
const MOST_IN_FLIGHT = 10_000;
const RETRY_AFTER_END_MS = 1_000;
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
  private readonly stopWatching: () => void;

  constructor(private readonly setup: RedisConnectionSetup) {
    const { description, clock } = setup;
    this.client = description.open();
    this.roster = new ServerRoster({
      client: this.client,
      clock,
      clockBudgetMs: setup.clockBudgetMs ?? CLOCK_BUDGET_MS,
      onKnown: () => {
        this.goUpIfKnown();
      },
      onClockAhead: (clockAheadMs) => {
        if (this.currentStatus === 'up') setup.onStatus({ status: 'up', clockAheadMs });
        else this.clockAheadMs = clockAheadMs;
      },
    });
    watchServers(this.client, {
      onServerReady: (server) => {
        setup.onServerReady(server);
        void this.roster.introduce(server);
      },
      onUp: () => {
        this.isConnected = true;
        this.goUpIfKnown();
      },
      onDown: () => {
        this.isConnected = false;
        this.goDown();
      },
      onError: (error) => {
        this.lastError = toRedisNodeError(error, description.secrets);
      },
      onEnd: () => {
        this.reconnectLater();
      },
    });
    this.stopWatching = watchForStall(clock, {
      answered: () => this.answered,
      isOwed: () => this.inFlight > 0 || this.roster.isOwed || this.client.status === 'connect',
      onStall: () => {
        this.lastError = new RedisNodeError('the server does not answer', 'STALLED');
        breakConnection(this.client);
      },
    });
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
      reply = send(this.client);
    } catch (error) {
      callSafely(onError, this.failure(error));
      return;
    }
    this.inFlight += 1;
    reply.then(
      (value) => {
        this.countAnswer();
        callSafely(onReply, value);
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
    this.roster.sawTime(micros);
  }

  /** Closes our connection, and waits for it a little: a server that is silent must not hold up a shutdown. */
  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    this.unusable = new RedisNodeError(`${this.setup.description.name} is closed`, 'CLOSED');
    this.changeStatus({ status: 'closed' });
    this.stopWatching();
    this.roster.stop();
    await closeClient(this.client, this.setup.clock);
  }

  /** Not before the servers have said who they are: a request may meet one that has forgotten everything (R12). */
  private goUpIfKnown(): void {
    const { infos, facts } = this.roster;
    if (!this.isConnected || infos === undefined || this.currentStatus === 'closed') return;
    const isReplica = infos.some(({ role = 'master' }) => role !== 'master');
    if (isReplica && this.setup.takesReplicas !== true) {
      this.refuseReplica();
      return;
    }
    this.lastError = undefined;
    // In a cluster also when others answer than before.
    if (this.currentStatus === 'up' && facts === undefined) return;
    const { clockAheadMs } = this;
    this.clockAheadMs = undefined;
    this.changeStatus({ status: 'up', servers: facts, clockAheadMs });
  }

  /** What it has is a copy, and it takes no locks. It may become a master. */
  private refuseReplica(): void {
    this.lastError = new RedisNodeError(
      'the server is a replica; list masters only, or use the options of ioredis for Sentinel',
      'REPLICA',
    );
    this.goDown();
    const { client } = this;
    if (isCluster(client)) return;
    const askAgain = () => {
      if (this.isConnected && this.currentStatus !== 'up') void this.roster.introduce(client);
    };
    this.setup.clock.schedule(RETRY_AFTER_END_MS, askAgain, { background: true });
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

  /** Only a connector can make ioredis give up, for which it has no strategy to ask. */
  private reconnectLater(): void {
    const retry = () => {
      if (this.currentStatus !== 'closed' && this.client.status === 'end')
        this.client.connect().catch(ignore);
    };
    this.setup.clock.schedule(RETRY_AFTER_END_MS, retry, { background: true });
  }

  private countAnswer(): void {
    this.inFlight -= 1;
    this.answered += 1;
  }

  private failure(error: unknown): RedisNodeError {
    if (!isCutOff(error)) return toRedisNodeError(error, this.setup.description.secrets);
    const reason = this.lastError === undefined ? '' : `: ${this.lastError.message}`;
    return new RedisNodeError(`the connection broke before the answer${reason}`, 'DISCONNECTED');
  }
}

function ignore(): void {
  // The 'error' event tells.
}
