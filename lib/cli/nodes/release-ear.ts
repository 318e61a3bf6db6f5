import type { RedisNodeDescription } from '../../redis/client/redis-node-description.interface';
import type { ServerClient } from '../../redis/client/server-client.interface';
import { escapeGlob } from '../../redis/request/escape-glob';
import { channelOfAll, readTurn } from '../../redis/request/release-message';
import { systemClock } from '../../system/system-clock';

export interface ReleaseMessage {
  readonly resource: string;
  readonly ownerToken: string;
}

/**
 * Hears of the releases on one node. These are only hints: a release is told if somebody waits for the lock, the
 * end of an expired lock is never told, and a user of Redis may not have the right to hear.
 */
export class ReleaseEar {
  private readonly client: ServerClient;

  constructor(
    description: RedisNodeDescription,
    keyPrefix: string,
    listeners: {
      onRelease(message: ReleaseMessage): void;
      onRefused(): void;
    },
  ) {
    this.client = description.open();
    this.client.listen({
      onReady: () => {
        this.client.isGood();
        this.client.subscribePattern(`${escapeGlob(keyPrefix)}*`).catch((error: unknown) => {
          // A connection that broke subscribes again when it is back.
          if (error instanceof Error && error.message.startsWith('NOPERM')) listeners.onRefused();
        });
      },
      onClose: ignore,
      onError: ignore,
      onMessage: (key, message) => {
        const told = readTurn(keyPrefix, key, message);
        const ownerToken = told?.ownerToken ?? message.slice(message.indexOf(' ') + 1);
        listeners.onRelease({ resource: (told?.key ?? key).slice(keyPrefix.length), ownerToken });
      },
    });
    this.client.keepConnected(systemClock, ignore);
  }

  close(): void {
    this.client.drop();
  }
}

/** The channels on which the releases of a resource are told: its own, and that of all resources. */
export function channelsOf(keyPrefix: string, resource: string): readonly [ofKey: string, ofAll: string] {
  return [keyPrefix + resource, channelOfAll(keyPrefix)];
}

function ignore(): void {
  // The other connection of the node reports that, and this one connects again by itself.
}
