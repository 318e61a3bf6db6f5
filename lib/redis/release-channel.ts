import type { Clock, Timer } from '../ports/clock.interface';
import { detached } from '../ports/detached';
import { ListenerMap } from '../collections/listener-map';
import type { NodeTrouble, ReleaseHandler, ReleaseSubscription } from '../ports/lock-node.interface';
import type { RedisNodeDescription } from './client/redis-node-description.interface';
import type { ServerClient } from './client/server-client.interface';
import { Deafness } from './deafness';
import { keepAwake } from './server/keep-awake';
import { ListeningPlace, type ServerId } from './listening-place';
import { ReleaseSubscriptionOfOne } from './release-subscription';
import { channelOfAll, channelsIn } from './request/release-message';
import { isRefusedForGood, toRedisNodeError } from './client/redis-node-error';
import { watchForSilence } from './server/silence-watch';
import { TurnListeners } from './turn-listeners';

/** The time for which a connection that nobody listens on is kept for the next waiter. */
const KEEP_UNUSED_MS = 10_000;

/**
 * Hears of releases: the release script publishes the owner token on a channel with the name of the key, and each
 * waiter is subscribed to that channel.
 *
 * ```text
 *  waiter                    node                       releaser
 *    SUBSCRIBE lock:order:7 ->|
 *                             |<- release script: GET, DEL, PUBLISH lock:order:7 <token>
 *    wake() <- <token> -------|
 * ```
 *
 * It is also subscribed to {@link channelOfAll}, always in the same command. So a subscriber of that channel is
 * subscribed to the channel of its key too.
 *
 * There is one more connection per node, since a connection with subscriptions cannot send requests. It is opened
 * for the first waiter, and closed a while after the last one. Messages can be lost: they are hints, and waiters
 * wake at the end of the holder's ttl anyway. While the connection may lead to another server than the one that
 * tells of releases, nothing counts as heard, and waiters ask.
 */
export class ReleaseChannel {
  private readonly listeners = new ListenerMap<string | undefined>();
  /** The keys whose subscription the server has confirmed. */
  private readonly heard = new Set<string>();
  /** The keys that nobody listens to any more, and that the server was not told of yet. */
  private readonly abandoned = new Set<string>();
  private readonly turns: TurnListeners;
  private client: ServerClient | undefined;
  private stops: readonly (() => void)[] = [];
  private readonly place = new ListeningPlace(undefined);
  private readonly deafness: Deafness;
  /** The reason why the last connection failed. */
  private reason: string | undefined;
  private unused: Timer | undefined;
  private isClosed = false;
  /** @internal */
  readonly database: number;

  constructor(
    private readonly description: RedisNodeDescription,
    private readonly clock: Clock,
    private readonly keyPrefix: string,
    private readonly signOfLifeMs = 500,
    tell: (trouble: NodeTrouble) => boolean = () => true,
  ) {
    this.deafness = new Deafness(tell);
    this.database = description.database ?? 0;
    this.turns = new TurnListeners(keyPrefix);
  }

  /**
   * Notes that the other connection of the node has come up, and where it leads. With a cluster it does not
   * matter.
   */
  toldAt(there: ServerId): void {
    const wasRight = this.place.isRight;
    this.place.toldAt(there);
    this.placeChanged(wasRight);
  }

  listen(key: string, wake: ReleaseHandler): ReleaseSubscription {
    if (this.isClosed) return NEVER_HEARD;
    const subscription = new ReleaseSubscriptionOfOne(this, key, wake);
    const isNew = !this.listeners.has(key);
    this.listeners.add(key, subscription);
    this.unused?.cancel();
    this.client ??= this.open();
    // The key may still be subscribed, if the server was not told yet that the last waiter stopped.
    if (isNew && !this.heard.has(key)) this.subscribe(this.client, [key]);
    return subscription;
  }

  /** @internal True if the node would hear of a release of this key. */
  hears(key: string): boolean {
    return this.place.isRight && this.heard.has(key);
  }

  /** @internal Removes the subscription of a waiter that has stopped. */
  forget(key: string, subscription: ReleaseSubscriptionOfOne): void {
    if (this.isClosed) return;
    this.listeners.remove(key, subscription);
    if (!this.listeners.has(key)) this.abandon(key);
  }

  /** Subscribes a waiter that wants to hear only when it may be the turn of its place in the line of `key`. */
  listenForTurn(key: string, inLineAs: string, wake: ReleaseHandler): ReleaseSubscription {
    if (this.turns.isRefused) return this.listen(key, wake);
    if (this.isClosed) return NEVER_HEARD;
    this.unused?.cancel();
    this.client ??= this.open();
    if (this.turns.expect(inLineAs)) this.turns.subscribe(this.client);
    const { place } = this;
    return this.turns.listen(key, inLineAs, wake, {
      get isRight() {
        return place.isRight;
      },
      stopped: this.closeLater,
    });
  }

  /**
   * Unsubscribes before a release of these resources, whose reply tells the number of waiters. This process no
   * longer waits for them and must not be counted: it would let itself go first, again and again.
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
        // The subscription does not wait for the answer of `meet`, which would cost a round trip. Nothing counts
        // as heard before that answer anyway.
        this.subscribe(client, this.listeners.keys());
        this.turns.subscribe(client);
      },
      onClose: (failure) => {
        if (!this.place.isRight && client === this.client) {
          this.deafness.failed(failure?.message ?? this.reason ?? 'the server closes its second connection');
        }
        this.reason = undefined;
        this.forgetHeard();
      },
      onError: (error) => {
        // The other connection of the node reports a server that is away, and this one connects again by itself.
        this.reason = toRedisNodeError(error, this.description.secrets).message;
      },
      onMessage: (key, message) => {
        if (!this.turns.hear(key, message)) this.listeners.call(key, message);
      },
    });
    client.keepConnected(this.clock, () => {
      // The other connection of the node reports that.
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
    // A release may have happened before its message counted as heard.
    for (const key of this.heard) this.listeners.call(key, undefined);
    this.turns.mayHaveMissed();
  }

  private leave(): void {
    for (const stop of this.stops) stop();
    this.stops = [];
    this.forgetHeard();
  }

  private forgetHeard(): void {
    this.heard.clear();
    this.turns.forget();
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
          // A release may have happened before we could hear of it.
          this.listeners.call(key, undefined);
        }
      },
      (error: unknown) => {
        // The server refused, or the connection broke. Waiters ask again now and then as long as the key is not
        // heard.
        const problem = toRedisNodeError(error, this.description.secrets);
        if (!isRefusedForGood(problem)) return;
        // The server refuses all channels of a command together, but only the forbidden ones should fail. So each
        // is tried by itself.
        if (keys.length > 1) for (const key of keys) this.subscribe(client, [key]);
        else this.deafness.isTrue(problem.message);
      },
    );
  }

  /**
   * Notes that nobody listens to a key any more. The server is told later: a waiter that stops usually has the
   * lock, and its work comes first.
   */
  private abandon(key: string): void {
    if (this.abandoned.size === 0) this.clock.afterArrivedReplies(this.unsubscribe);
    this.abandoned.add(key);
    this.closeLater();
  }

  private readonly closeLater = (): void => {
    if (this.isClosed || !this.listeners.isEmpty || !this.turns.isEmpty) return;
    this.unused?.cancel();
    this.unused = this.clock.schedule(KEEP_UNUSED_MS, this.closeUnused, { background: true });
  };

  private readonly unsubscribe = (): void => {
    const keys = [...this.abandoned].filter((key) => !this.listeners.has(key));
    this.abandoned.clear();
    for (const key of keys) this.heard.delete(key);
    if (this.isClosed || this.client?.isReady !== true || keys.length === 0) return;
    const all = this.listeners.isEmpty ? [channelOfAll(this.keyPrefix)] : [];
    this.client.unsubscribe([...this.channelsOf(keys), ...all]).catch(() => {
      // The connection broke, and its subscriptions ended with it.
    });
  };

  private readonly closeUnused = (): void => {
    const { client } = this;
    this.client = undefined;
    this.leave();
    if (client !== undefined) void client.close(this.clock);
  };
}

const NEVER_HEARD: ReleaseSubscription = {
  isHeard: false,
  stop: () => {
    // There is nothing to stop.
  },
};
