import type { Cluster, Redis } from 'ioredis';
import type { Clock, Timer } from '../core/clock.interface';
import { detached } from '../core/detached';
import { ListenerMap } from '../core/listener-map';
import type { ReleaseHandler, ReleaseSubscription } from '../core/lock-node.interface';
import { closeClient } from './close-client';
import { keepAwake } from './keep-awake';
import type { RedisNodeDescription } from './redis-connections';

/** How long a connection that nobody listens on is kept, for the next one who waits. */
const KEEP_UNUSED_MS = 10_000;

/**
 * The channel to which everybody is subscribed who waits for any key of this prefix, so that who releases many keys need
 * not ask for each of them. It is the key of the empty resource, and so of none.
 */
export function channelOfAll(keyPrefix: string): string {
  return keyPrefix;
}

/**
 * Hears of releases: the release script publishes the owner token at the name of the key, and whoever waits for the key
 * is subscribed to it.
 *
 * It is subscribed to {@link channelOfAll} too, always in the same command: nobody is found there without being found here.
 *
 * One more connection per node, since one that is subscribed cannot ask; opened when the first waiter comes, and closed
 * a while after the last one went. Messages can be lost: they are hints, and the ttl of the holder covers for them.
 */
export class ReleaseChannel {
  private readonly listeners = new ListenerMap<string | undefined>();
  private readonly heard = new Set<string>();
  /** That nobody listens to any more, as long as the server was not told. */
  private readonly abandoned = new Set<string>();
  private client: Redis | Cluster | undefined;
  private stopKeepingAwake: (() => void) | undefined;
  private unused: Timer | undefined;
  private isClosed = false;

  constructor(
    private readonly description: RedisNodeDescription,
    private readonly clock: Clock,
    private readonly keyPrefix: string,
  ) {}

  listen(key: string, wake: ReleaseHandler): ReleaseSubscription {
    if (this.isClosed) return NEVER_HEARD;
    const listener = (message: string | undefined) => {
      if (message === undefined) wake();
      else wake(...parse(message));
    };
    const isNew = !this.listeners.has(key);
    this.listeners.add(key, listener);
    this.unused?.cancel();
    this.client ??= this.open();
    // Unless the server was not even told that the last one went.
    if (isNew && !this.heard.has(key)) this.subscribe(this.client, [key]);
    const isHeard = () => this.heard.has(key);
    let isStopped = false;
    return {
      get isHeard() {
        return isHeard();
      },
      stop: () => {
        if (isStopped || this.isClosed) return;
        isStopped = true;
        this.listeners.remove(key, listener);
        if (!this.listeners.has(key)) this.abandon(key);
      },
    };
  }

  /**
   * Some resources are about to be released, and the reply says how many were told. Nobody of us waits for them any more,
   * and must not be counted: this process would let itself go first, again and again.
   */
  takeLeaveOf(resources: readonly string[]): void {
    if (this.abandoned.size === 0) return;
    if (resources.some((resource) => this.abandoned.has(this.keyPrefix + resource))) this.unsubscribe();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.unused?.cancel();
    this.stopKeepingAwake?.();
    if (this.client !== undefined) await closeClient(this.client, this.clock);
  }

  private open(): Redis | Cluster {
    const client = this.description.open();
    client.on('error', () => {
      // The other connection of the node tells, and this one connects again by itself.
    });
    client.on('ready', () => {
      this.subscribe(client, this.listeners.keys());
    });
    client.on('close', () => {
      this.heard.clear();
    });
    client.on('message', (key: string, message: string) => {
      this.listeners.call(key, message);
    });
    this.stopKeepingAwake = keepAwake(client, this.clock);
    return client;
  }

  private subscribe(client: Redis | Cluster, keys: readonly string[]): void {
    if (client.status !== 'ready' || keys.length === 0) return;
    detached(() => client.subscribe(channelOfAll(this.keyPrefix), ...keys)).then(
      () => {
        for (const key of keys) {
          if (client !== this.client || !this.listeners.has(key)) continue;
          this.heard.add(key);
          // It may have been released before we could hear it.
          this.listeners.call(key, undefined);
        }
      },
      () => {
        // Refused, or the connection broke: whoever waits asks again now and then, as long as it is not heard.
      },
    );
  }

  /** Who stops has the lock as a rule, and something better to do first than to tell the server. */
  private abandon(key: string): void {
    if (this.abandoned.size === 0) this.clock.afterArrivedReplies(this.unsubscribe);
    this.abandoned.add(key);
    if (!this.listeners.isEmpty) return;
    this.unused = this.clock.schedule(
      KEEP_UNUSED_MS,
      () => {
        this.closeUnused();
      },
      { background: true },
    );
  }

  private readonly unsubscribe = (): void => {
    const keys = [...this.abandoned].filter((key) => !this.listeners.has(key));
    this.abandoned.clear();
    for (const key of keys) this.heard.delete(key);
    if (this.isClosed || this.client?.status !== 'ready' || keys.length === 0) return;
    const all = this.listeners.isEmpty ? [channelOfAll(this.keyPrefix)] : [];
    this.client.unsubscribe(...keys, ...all).catch(() => {
      // The connection broke, and the subscription with it.
    });
  };

  private closeUnused(): void {
    const { client } = this;
    this.client = undefined;
    this.stopKeepingAwake?.();
    this.heard.clear();
    if (client !== undefined) void closeClient(client, this.clock);
  }
}

/** How many were told, if the server could count them, and the owner token after a space. */
function parse(message: string): [ownerToken: string, waiting: number | undefined] {
  const space = message.indexOf(' ');
  const waiting = Number.parseInt(message.slice(0, space), 10);
  return [message.slice(space + 1), waiting > 0 ? waiting : undefined];
}

const NEVER_HEARD: ReleaseSubscription = {
  isHeard: false,
  stop: () => {
    // Nothing was begun.
  },
};
