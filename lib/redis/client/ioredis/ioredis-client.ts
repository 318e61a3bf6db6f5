import type { ChannelEvents, Server, ServerClient, ServerEvents } from '../server-client.interface';
import { encodedCommand } from './encoded-command';
import { Handshake } from './handshake';
import type { Redis } from './ioredis';
import { IoredisServer } from './ioredis-server';
import type { ConnectionWays } from './keep-connected';
import { KeptClient } from './kept-client';
import { leaveReplicaOnce } from './leave-replica-once';
import { listenTo } from './listen-to';
import { watchServer } from './watch-server';

/** The client of a single server, or of the master of a Sentinel group. */
export class IoredisClient extends KeptClient<Redis> implements ServerClient {
  readonly cluster = undefined;
  private readonly server: Server;
  private readonly all: readonly Server[];

  constructor(redis: Redis, ways: ConnectionWays) {
    super(redis, ways);
    leaveReplicaOnce(redis);
    this.server = new IoredisServer(redis);
    this.all = [this.server];
  }

  servers(): readonly Server[] {
    return this.all;
  }

  masters(): readonly Server[] {
    return this.all;
  }

  sendEncoded(name: string, bytes: Buffer | string): Promise<unknown> {
    return this.redis.sendCommand(encodedCommand(name, bytes)) as Promise<unknown>;
  }

  inOnePacket(send: () => void): void {
    const stream = this.redis.stream as Redis['stream'] | undefined;
    stream?.cork();
    try {
      send();
    } finally {
      stream?.uncork();
    }
  }

  watch(events: ServerEvents): void {
    watchServer(this.redis, this.server, events);
  }

  listen(events: ChannelEvents): void {
    listenTo(this.redis, new Handshake(this.redis), events);
  }

  reset(): void {
    this.server.reset();
  }
}
