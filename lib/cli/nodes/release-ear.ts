import type { Cluster, Redis } from 'ioredis';
import { type KeptConnection, keepConnected } from '../../redis/client/ioredis/keep-connected';
import type { RedisNodeDescription } from '../../redis/client/ioredis/redis-connections';
import { systemClock } from '../../system/system-clock';
import { dropClient } from '../../redis/client/ioredis/close-client';
import { escapeGlob } from '../../redis/request/escape-glob';

export interface ReleaseMessage {
  readonly resource: string;
  readonly ownerToken: string;
}

/**
 * Hears of the releases on one node. A hint only: a release is told when somebody waits for the lock, a lock that
 * expires is never told, and a user of Redis may not have the right to hear.
 */
export class ReleaseEar {
  private readonly client: Redis | Cluster;
  private readonly kept: KeptConnection;

  constructor(
    description: RedisNodeDescription,
    keyPrefix: string,
    listeners: {
      onRelease(message: ReleaseMessage): void;
      onRefused(): void;
    },
  ) {
    this.client = description.open();
    this.client.on('error', () => {
      // The other connection of the node tells, and this one connects again by itself.
    });
    this.client.on('ready', () => {
      this.kept.isGood();
      this.client.psubscribe(`${escapeGlob(keyPrefix)}*`).catch((error: unknown) => {
        // A connection that broke subscribes again when it is back.
        if (error instanceof Error && error.message.startsWith('NOPERM')) listeners.onRefused();
      });
    });
    this.client.on('pmessage', (_pattern: string, key: string, message: string) => {
      const ownerToken = message.slice(message.indexOf(' ') + 1);
      listeners.onRelease({ resource: key.slice(keyPrefix.length), ownerToken });
    });
    this.kept = keepConnected(this.client, description, systemClock, () => {
      // The other connection of the node tells.
    });
  }

  close(): void {
    this.kept.stop();
    dropClient(this.client);
  }
}
