import type { Clock } from '../../ports/clock.interface';

/**
 * The interface to a client library: connections to one server, or to the servers of a Redis Cluster.
 * `test/contract/server-client.contract.ts` checks that an adapter keeps these promises:
 *
 * - A request leaves now or fails now. It never waits for a better time, and is never sent a second time.
 * - A server gets the requests in the order of the calls, and the answers come in that order.
 * - `onServerReady` comes before anything else can be sent on a new connection.
 * - A reset drops what still waits to leave. The next connection looks the name of the server up again.
 * - Nothing is thrown or printed when a connection breaks: the events tell it.
 *
 * A library that cannot keep one of them is not adapted.
 */
export interface ServerClient extends Askable {
  /** The parts that only a Redis Cluster has. Undefined for a single server. */
  readonly cluster: ClusterParts | undefined;

  /** All servers with a connection: the one server, or those of a cluster with its replicas. */
  servers(): readonly Server[];

  /** The servers that have the keys. */
  masters(): readonly Server[];

  /**
   * Sends a command that is encoded already, so that several nodes share the work. A cluster has no such method,
   * since it must know the keys to find the server.
   */
  sendEncoded?(name: string, bytes: Buffer | string): Promise<unknown>;

  /** Calls `send`. The requests that it makes leave this machine in one packet, if the library can do that. */
  inOnePacket(send: () => void): void;

  /** Subscribes to these channels. The promise is fulfilled when the server has confirmed all of them. */
  subscribe(channels: readonly string[]): Promise<unknown>;

  /** Subscribes to all channels whose name has this form. */
  subscribePattern(pattern: string): Promise<unknown>;

  unsubscribe(channels: readonly string[]): Promise<unknown>;

  /** Tells one listener what happens to the connections, for a client that asks. Call it before `keepConnected`. */
  watch(events: ServerEvents): void;

  /** Tells one listener what happens to the connections, for a client that subscribes. */
  listen(events: ChannelEvents): void;

  /**
   * Connects, and connects again whenever a connection ends. Each time it uses the credentials of that moment. The
   * pauses grow while no connection succeeds.
   *
   * @param onFailure gets the reason why a connection was not even begun
   */
  keepConnected(clock: Clock, onFailure: (error: unknown) => void): void;

  /** Notes that the connection leads where it should. So the next one is opened soon after it breaks. */
  isGood(): void;

  /** Waits a short time for the answers to the requests under way, and ends all connections for good. */
  close(clock: Clock): Promise<void>;

  /** Ends all connections for good, at once. */
  drop(): void;
}

/** A server that can be asked by itself: the one behind a client, or one of a cluster. */
export interface Server extends Askable {
  /** The address: `host:port`, or the path of a unix socket. */
  readonly address: string;
  /** The number of the database in which its locks are. */
  readonly database: number;
  /** The present connection. Each connection is another object. Undefined if there has been none. */
  readonly connection: Connection | undefined;
}

export interface Askable {
  /** True if requests can be sent. */
  readonly isReady: boolean;
  /** True while the connection is there, and the server has not let us in yet. */
  readonly isGreeting: boolean;

  /**
   * Sends one command. Rejects with the error of the server, or with an error of the library; `isCutOff` tells
   * which.
   *
   * @param name in lower case
   */
  send(name: string, args?: readonly (string | number)[]): Promise<unknown>;

  /** Tells if a request failed because its connection is gone. The server may have done it all the same. */
  isCutOff(error: unknown): boolean;

  /** Resets the connection, or all of them. It is connected again. */
  reset(): void;
}

/** The facts that are known of a connection. */
export interface Connection {
  /** The number of bytes that have come. */
  readonly bytesRead: number;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

export interface ClusterParts {
  /** For each slot, the addresses of its servers as far as they are known now, the master first. */
  readonly slots: ArrayLike<readonly string[] | undefined>;
  /** Makes the cluster list its slots again soon. */
  listSlots(): void;
}

export interface ServerEvents {
  /** A connection to one server is ready. This comes before `onUp`. */
  onServerReady(server: Server): void;
  /** A cluster has told its present masters. This comes before `onUp`, and every few seconds. */
  onListed(): void;
  /** All connections that are needed are ready. This may come several times. */
  onUp(): void;
  onDown(): void;
  /**
   * A connection has broken, or could not be made, for this reason. An `UnexplainedError` says that the library does
   * not know the reason.
   */
  onError(error: unknown): void;
}

export interface ChannelEvents {
  onReady(): void;
  /** @param failure the reason why the connection could not be used, if it is known */
  onClose(failure: Error | undefined): void;
  onError(error: unknown): void;
  onMessage(channel: string, message: string): void;
}
