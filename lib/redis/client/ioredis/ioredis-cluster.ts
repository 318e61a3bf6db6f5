import type { Clock } from '../../../ports/clock.interface';
import type {
  ChannelEvents,
  ClusterParts,
  Server,
  ServerClient,
  ServerEvents,
} from '../server-client.interface';
import { closeClient, disconnect } from './close-client';
import type { Cluster, Redis } from './ioredis';
import { IoredisServer } from './ioredis-server';
import { isCutOff } from './is-cut-off';
import { type ConnectionWays, keepConnected, type KeptConnection } from './keep-connected';
import { listenTo } from './listen-to';
import { watchCluster } from './watch-cluster';

/** The client of a Redis Cluster. ioredis finds the server of a command by its keys. */
export class IoredisCluster implements ServerClient {
  readonly cluster: ClusterParts;
  readonly isCutOff = isCutOff;
  private readonly known = new WeakMap<Redis, Server>();
  private kept: KeptConnection | undefined;

  constructor(
    private readonly redis: Cluster,
    private readonly ways: ConnectionWays,
  ) {
    this.cluster = {
      get slots(): ArrayLike<readonly string[] | undefined> {
        return redis.slots;
      },
      listSlots: () => {
        redis.refreshSlotsCache();
      },
    };
  }

  get isReady(): boolean {
    return this.redis.status === 'ready';
  }

  get isGreeting(): boolean {
    return this.redis.status === 'connect';
  }

  servers(): readonly Server[] {
    return this.redis.nodes().map(this.serverOf);
  }

  masters(): readonly Server[] {
    return this.redis.nodes('master').map(this.serverOf);
  }

  send(name: string, args: readonly (string | number)[] = []): Promise<unknown> {
    return this.redis.call(name, ...args);
  }

  /** Its connections are several, so what leaves for them leaves in several packets. */
  inOnePacket(send: () => void): void {
    send();
  }

  subscribe(channels: readonly string[]): Promise<unknown> {
    return this.redis.subscribe(...channels);
  }

  subscribePattern(pattern: string): Promise<unknown> {
    return this.redis.psubscribe(pattern);
  }

  unsubscribe(channels: readonly string[]): Promise<unknown> {
    return this.redis.unsubscribe(...channels);
  }

  watch(events: ServerEvents): void {
    watchCluster(this.redis, this.serverOf, events);
  }

  listen(events: ChannelEvents): void {
    listenTo(this.redis, undefined, events);
  }

  keepConnected(clock: Clock, onFailure: (error: unknown) => void): void {
    this.kept = keepConnected(this.redis, this.ways, clock, onFailure);
  }

  isGood(): void {
    this.kept?.isGood();
  }

  reset(): void {
    for (const server of this.servers()) server.reset();
  }

  close(clock: Clock): Promise<void> {
    this.kept?.stop();
    return closeClient(this.redis, clock, () => {
      this.drop();
    });
  }

  drop(): void {
    this.kept?.stop();
    this.reset();
    disconnect(this.redis);
  }

  /** One object for each: whoever watches a server knows it by that. */
  private readonly serverOf = (redis: Redis): Server => {
    const known = this.known.get(redis);
    if (known !== undefined) return known;
    const server = new IoredisServer(redis);
    this.known.set(redis, server);
    return server;
  };
}
