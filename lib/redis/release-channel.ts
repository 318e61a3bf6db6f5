import type { Clock, Timer } from '../ports/clock.interface';
import { detached } from '../system/detached';
import { ListenerMap } from '../collections/listener-map';
import type { NodeTrouble, ReleaseHandler, ReleaseSubscription } from '../ports/lock-node.interface';
import type { RedisNodeDescription } from './client/redis-node-description.interface';
import type { ServerClient } from './client/server-client.interface';
import { Deafness } from './deafness';
import { keepAwake } from './server/keep-awake';
import { ListeningPlace, type ServerId } from './listening-place';
import { channelOfAll, channelsIn, readRelease } from './request/release-message';
import { toRedisNodeError } from './client/redis-node-error';
import { watchForSilence } from './server/silence-watch';

/** How long a connection that nobody listens on is kept, for the next one who waits. */
const KEEP_UNUSED_MS = 10_000;

/**
 * Hears of releases: the release script publishes the owner token at the name of the key, and whoever waits for the key
 * is subscribed to it.
 *
 * It is subscribed to {@link channelOfAll} too, always in the same command: nobody is found there without being found here.
 *
 * One more connection per node, since one that is subscribed cannot ask; opened when the first waiter comes, and closed
 * a while after the last one went. Messages can be lost: they are hints, and the ttl of the holder covers for them. While
 * it may lead to another server than the one that tells of releases, nothing counts as heard, and waiters ask.
 */
export class ReleaseChannel {
  private readonly listeners = new ListenerMap<string | undefined>();
  /** That the server has confirmed. */
  private readonly heard = new Set<string>();
  /** That nobody listens to any more, as long as the server was not told. */
  private readonly abandoned = new Set<string>();
  private client: ServerClient | undefined;
  private stops: readonly (() => void)[] = [];
  private readonly place = new ListeningPlace(undefined);
  private readonly deafness: Deafness;
  /** Why the last connection came to nothing. */
  private reason: string | undefined;
  private unused: Timer | undefined;
  private isClosed = false;
  private readonly database: number;

  constructor(
    private readonly description: RedisNodeDescription,
    private readonly clock: Clock,
    private readonly keyPrefix: string,
    private readonly signOfLifeMs = 500,
    tell: (trouble: NodeTrouble) => boolean = () => true,
  ) {
    this.deafness = new Deafness(tell);
    this.database = description.database ?? 0;
  }

  /** The other connection of the node has come up. A cluster tells of releases everywhere. */
  toldAt(there: ServerId): void {
    const wasRight = this.place.isRight;
    this.place.toldAt(there);
    this.placeChanged(wasRight);
  }

  listen(key: string, wake: ReleaseHandler): ReleaseSubscription {
    if (this.isClosed) return NEVER_HEARD;
    const listener = (message: string | undefined) => {
      const news: Parameters<ReleaseHandler> | undefined =
        message === undefined ? [] : readRelease(message, this.database);
      if (news !== undefined) wake(...news);
    };
    const isNew = !this.listeners.has(key);
    this.listeners.add(key, listener);
    this.unused?.cancel();
    this.client ??= this.open();
    // Unless the server was not even told that the last one went.
    if (isNew && !this.heard.has(key)) this.subscribe(this.client, [key]);
    const isHeard = () => this.place.isRight && this.heard.has(key);
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
    this.leave();
    if (this.client !== undefined) await this.client.close(this.clock);
  }

  private open(): ServerClient {
    const client = this.description.open();
    client.listen({
      onReady: () => {
        void this.meet(client);
        // Not after the answer: it would cost a round trip, and nothing counts as heard before.
        this.subscribe(client, this.listeners.keys());
      },
      onClose: (failure) => {
        if (!this.place.isRight && client === this.client) {
          this.deafness.failed(failure?.message ?? this.reason ?? 'the server closes its second connection');
        }
        this.reason = undefined;
        this.heard.clear();
        this.place.forget();
      },
      onError: (error) => {
        // The other connection of the node tells of a server that is away, and this one connects again by itself.
        this.reason = toRedisNodeError(error, this.description.secrets).message;
      },
      onMessage: (key, message) => {
        this.listeners.call(key, message);
      },
    });
    client.keepConnected(this.clock, () => {
      // The other connection of the node tells.
    });
    this.stops = [
      keepAwake(client, this.clock),
      watchForSilence(client, this.clock, {
        limitMs: this.signOfLifeMs,
        isOwed: () => false,
        onSilence: (server) => {
          server.reset();
        },
      }),
    ];
    return client;
  }

  private async meet(client: ServerClient): Promise<void> {
    const wasRight = this.place.isRight;
    const isMet = client.cluster === undefined ? await this.place.meet(client) : this.place.meetCluster();
    if (client !== this.client || this.isClosed) return;
    if (isMet) this.placeChanged(wasRight);
    else client.reset();
  }

  private placeChanged(wasRight: boolean): void {
    if (this.client !== undefined && this.place.isWrong) {
      this.reason = 'its second connection leads to another server than the first';
      // A new connection looks the name up again.
      this.client.reset();
    }
    if (!this.place.isRight || wasRight) return;
    this.client?.isGood();
    this.deafness.isOver();
    // Something may have been released before it counted as heard.
    for (const key of this.heard) this.listeners.call(key, undefined);
  }

  private leave(): void {
    for (const stop of this.stops) stop();
    this.stops = [];
    this.heard.clear();
    this.place.forget();
  }

  private channelsOf(keys: readonly string[]): string[] {
    return keys.flatMap((key) => channelsIn(this.database, key));
  }

  private subscribe(client: ServerClient, keys: readonly string[]): void {
    if (!client.isReady || keys.length === 0) return;
    detached(() => client.subscribe([channelOfAll(this.keyPrefix), ...this.channelsOf(keys)])).then(
      () => {
        for (const key of keys) {
          if (client !== this.client || !this.listeners.has(key)) continue;
          this.heard.add(key);
          // It may have been released before we could hear it.
          this.listeners.call(key, undefined);
        }
      },
      (error: unknown) => {
        // Refused, or the connection broke: whoever waits asks again now and then, as long as it is not heard.
        const { message, code } = toRedisNodeError(error, this.description.secrets);
        if (code !== 'NOPERM') return;
        // The server refuses all that are asked for together, and one that is refused should cost only itself.
        if (keys.length > 1) for (const key of keys) this.subscribe(client, [key]);
        else this.deafness.isTrue(message);
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
    if (this.isClosed || this.client?.isReady !== true || keys.length === 0) return;
    const all = this.listeners.isEmpty ? [channelOfAll(this.keyPrefix)] : [];
    this.client.unsubscribe([...this.channelsOf(keys), ...all]).catch(() => {
      // The connection broke, and the subscription with it.
    });
  };

  private closeUnused(): void {
    const { client } = this;
    this.client = undefined;
    this.leave();
    if (client !== undefined) void client.close(this.clock);
  }
}

const NEVER_HEARD: ReleaseSubscription = {
  isHeard: false,
  stop: () => {
    // Nothing was begun.
  },
};
