import type { Clock } from '../../ports/clock.interface';

/**
 * What the rest of `redis/` asks of a client library: connections to one server, or to the servers of a Redis Cluster.
 * `test/contract/server-client.contract.ts` is the proof that an adapter keeps these promises:
 *
 * - A request leaves now or fails now. It never waits for a better time, and is never sent a second time.
 * - A server gets the requests in the order of the calls, and they are answered in that order.
 * - `onServerReady` comes before anything else can be sent on a new connection.
 * - A connection that is reset drops what still waits to leave, and the next one looks the name of the server up again.
 * - Nothing is thrown or printed when a connection breaks: the events tell.
 *
 * A library that cannot keep one of them is not adapted.
 */
export interface ServerClient extends Askable {
  /** What is special about a Redis Cluster; undefined for a single server. */
  readonly cluster: ClusterParts | undefined;

  /** All servers that there is a connection to: the one, or those of a cluster with its replicas. */
  servers(): readonly Server[];

  /** Those of them that have the keys. */
  masters(): readonly Server[];

  /**
   * Sends a command that is encoded already, so that several nodes share the work. A cluster does not have it, since it
   * must know the keys to find the server.
   */
  sendEncoded?(name: string, bytes: Buffer | string): Promise<unknown>;

  /** Calls `send`; the requests that it makes leave this machine in one packet, where the library can do that. */
  inOnePacket(send: () => void): void;

  /** Hears of the messages in these channels. The promise is fulfilled when the server has confirmed all of them. */
  subscribe(channels: readonly string[]): Promise<unknown>;

  /** Hears of the messages in all channels whose name has this form. */
  subscribePattern(pattern: string): Promise<unknown>;

  unsubscribe(channels: readonly string[]): Promise<unknown>;

  /** Tells one listener what becomes of the connections, for a client that asks. Called before `keepConnected`. */
  watch(events: ServerEvents): void;

  /** The same for a client that subscribes. */
  listen(events: ChannelEvents): void;

  /**
   * Connects, and connects again whenever a connection ends: each time with the credentials of that moment, and with ever
   * longer pauses while nothing comes of it.
   *
   * @param onFailure hears why no connection was even begun
   */
  keepConnected(clock: Clock, onFailure: (error: unknown) => void): void;

  /** The connection leads where it should: when it breaks, the next one is opened soon. */
  isGood(): void;

  /** Lets the requests under way be answered, if that is soon, and ends all connections for good. */
  close(clock: Clock): Promise<void>;

  /** Ends all connections for good, at once. */
  drop(): void;
}

/** A server that can be asked by itself: the one behind a client, or one of a cluster. */
export interface Server extends Askable {
  /** `host:port`, or the path of a unix socket. */
  readonly address: string;
  /** The number of the database in which its locks are. */
  readonly database: number;
  /** The connection of this moment; another one is another object. Undefined where there has been none. */
  readonly connection: Connection | undefined;
}

export interface Askable {
  /** Requests can be sent. */
  readonly isReady: boolean;
  /** The connection is there, and the server has not let us in yet. */
  readonly isGreeting: boolean;

  /**
   * Sends one command. Rejects with the words of the server, or with an error of the library; `isCutOff` tells which.
   *
   * @param name in lower case
   */
  send(name: string, args?: readonly (string | number)[]): Promise<unknown>;

  /** Whether a request failed because its connection is gone: the server may have done it all the same. */
  isCutOff(error: unknown): boolean;

  /** Resets the connection, or all of them. It is connected again. */
  reset(): void;
}

/** What can be seen of a connection. */
export interface Connection {
  /** How many bytes have come. */
  readonly bytesRead: number;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

export interface ClusterParts {
  /** By the number of a slot, the addresses of its servers, the master first, as far as they are known at this moment. */
  readonly slots: ArrayLike<readonly string[] | undefined>;
  /** Has the cluster list its slots anew, soon. */
  listSlots(): void;
}

export interface ServerEvents {
  /** A connection to one server is ready; comes before `onUp`. */
  onServerReady(server: Server): void;
  /** A cluster has told who its masters are now; comes before `onUp`, and every few seconds. */
  onListed(): void;
  /** Every connection that it takes is ready. May come several times. */
  onUp(): void;
  onDown(): void;
  /** Why a connection breaks, or none comes about. */
  onError(error: unknown): void;
}

export interface ChannelEvents {
  onReady(): void;
  /** @param failure why the connection was of no use, where it can be told */
  onClose(failure: Error | undefined): void;
  onError(error: unknown): void;
  onMessage(channel: string, message: string): void;
}
