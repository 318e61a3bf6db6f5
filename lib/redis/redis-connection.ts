import type { Cluster, Redis } from 'ioredis';
import type { Clock } from '../core/clock.interface';
import type { NodeStatus, NodeStatusChange } from '../core/lock-node.interface';
import { breakConnection, isCluster } from './break-connection';
import { callSafely } from './call-safely';
import { closeClient } from './close-client';
import type { RedisNodeDescription } from './redis-connections';
import { isCutOff, RedisNodeError, toRedisNodeError } from './redis-node-error';
import { watchServers } from './server-watch';
import { watchForStall } from './stall-watch';

/** A server that is too slow to answer must not make us remember ever more requests (R18). */
const MOST_IN_FLIGHT = 10_000;
const RETRY_AFTER_END_MS = 1_000;

export interface RedisConnectionSetup {
  readonly description: RedisNodeDescription;
  readonly clock: Clock;
  /** @default 10_000 */
  readonly mostInFlight?: number;
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
  private readonly stopWatching: () => void;

  constructor(private readonly setup: RedisConnectionSetup) {
    const { description, clock } = setup;
    this.client = description.open();
    watchServers(this.client, {
      onServerReady: (server) => {
        setup.onServerReady(server);
      },
      onUp: () => {
        this.goUp();
      },
      onDown: () => {
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
      isOwed: () => this.inFlight > 0 || this.client.status === 'connect',
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

  /** Closes our connection, and waits for it a little: a server that is silent must not hold up a shutdown. */
  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    this.unusable = new RedisNodeError(`${this.setup.description.name} is closed`, 'CLOSED');
    this.changeStatus({ status: 'closed' });
    this.stopWatching();
    await closeClient(this.client, this.setup.clock);
  }

  private goUp(): void {
    if (this.currentStatus === 'closed' || this.currentStatus === 'up') return;
    this.lastError = undefined;
    this.changeStatus({ status: 'up' });
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
