import type {
  ChannelEvents,
  ClusterParts,
  Server,
  ServerClient,
  ServerEvents,
} from '../server-client.interface';
import type { Cluster, Redis } from './ioredis';
import { IoredisServer } from './ioredis-server';
import type { ConnectionWays } from './keep-connected';
import { KeptClient } from './kept-client';
import { listenTo } from './listen-to';
import { watchCluster } from './watch-cluster';

/** The client of a Redis Cluster. */
export class IoredisCluster extends KeptClient<Cluster> implements ServerClient {
  readonly cluster: ClusterParts;
  private readonly known = new WeakMap<Redis, Server>();

  constructor(redis: Cluster, ways: ConnectionWays) {
    super(redis, ways);
    this.cluster = {
      get slots(): ArrayLike<readonly string[] | undefined> {
        return redis.slots;
      },
      listSlots: () => {
        redis.refreshSlotsCache();
      },
    };
  }

  servers(): readonly Server[] {
    return this.redis.nodes().map(this.serverOf);
  }

  masters(): readonly Server[] {
    return this.redis.nodes('master').map(this.serverOf);
  }

  /** A cluster has several connections, so requests leave in several packets anyway. */
  inOnePacket(send: () => void): void {
    send();
  }

  watch(events: ServerEvents): void {
    watchCluster(this.redis, this.serverOf, events);
  }

  listen(events: ChannelEvents): void {
    listenTo(this.redis, undefined, events);
  }

  reset(): void {
    for (const server of this.servers()) server.reset();
  }

  /** Returns one and the same object for each server, since callers that watch a server know it by that object. */
  private readonly serverOf = (redis: Redis): Server => {
    const known = this.known.get(redis);
    if (known !== undefined) return known;
    const server = new IoredisServer(redis);
    this.known.set(redis, server);
    return server;
  };
}
