import type { Clock } from '../../../ports/clock.interface';
import type { ChannelEvents, Server, ServerClient, ServerEvents } from '../server-client.interface';
import { closeClient, disconnect } from './close-client';
import { EncodedCommand } from './encoded-command';
import { Handshake } from './handshake';
import type { Redis } from './ioredis';
import { IoredisServer } from './ioredis-server';
import { type ConnectionWays, keepConnected, type KeptConnection } from './keep-connected';
import { listenTo } from './listen-to';
import { watchServer } from './watch-server';

/** The client of a single server, or of the master of a Sentinel group. */
export class IoredisClient extends IoredisServer implements ServerClient {
  readonly cluster = undefined;
  private readonly itself: readonly Server[] = [this];
  private kept: KeptConnection | undefined;

  constructor(
    redis: Redis,
    private readonly ways: ConnectionWays,
  ) {
    super(redis);
  }

  servers(): readonly Server[] {
    return this.itself;
  }

  masters(): readonly Server[] {
    return this.itself;
  }

  sendEncoded(name: string, bytes: Buffer | string): Promise<unknown> {
    return this.redis.sendCommand(new EncodedCommand(name, bytes)) as Promise<unknown>;
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
    watchServer(this.redis, this, events);
  }

  listen(events: ChannelEvents): void {
    listenTo(this.redis, new Handshake(this.redis), events);
  }

  keepConnected(clock: Clock, onFailure: (error: unknown) => void): void {
    this.kept = keepConnected(this.redis, this.ways, clock, onFailure);
  }

  isGood(): void {
    this.kept?.isGood();
  }

  close(clock: Clock): Promise<void> {
    this.kept?.stop();
    return closeClient(this.redis, clock, () => {
      this.drop();
    });
  }

  drop(): void {
    this.kept?.stop();
    // Reset first: an orderly end would wait for a server that may be silent.
    this.reset();
    disconnect(this.redis);
  }
}
