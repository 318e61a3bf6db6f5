import type { Clock } from '../../../ports/clock.interface';
import { closeClient, disconnect } from './close-client';
import type { Cluster, Redis } from './ioredis';
import { IoredisAskable } from './ioredis-askable';
import { type ConnectionWays, keepConnected, type KeptConnection } from './keep-connected';

/** A client that we opened, from its first connection to its last. */
export abstract class KeptClient<C extends Redis | Cluster> extends IoredisAskable<C> {
  private kept: KeptConnection | undefined;

  constructor(
    redis: C,
    private readonly ways: ConnectionWays,
  ) {
    super(redis);
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
    // The reset comes first: an orderly end would wait for a server that may be silent.
    this.reset();
    disconnect(this.redis);
  }
}
