import { ListenerMap } from '../collections/listener-map';
import type { ReleaseHandler, ReleaseSubscription } from '../ports/lock-node.interface';
import { detached } from '../ports/detached';
import { isRefusedForGood, toRedisNodeError } from './client/redis-node-error';
import type { ServerClient } from './client/server-client.interface';
import { channelOfTurns, readTurn } from './request/release-message';

/**
 * Hears when it is the turn of a caller of this process in the line of a key (R32). All callers share one channel,
 * and the connection stays subscribed to it. So a waiter costs the server no subscription.
 */
export class TurnListeners {
  private readonly listeners = new ListenerMap<string | undefined>();
  private readonly expected = new Set<string>();
  /** The channels whose subscription the server has confirmed. */
  private readonly confirmed = new Set<string>();
  /** The connection on which they were confirmed. */
  private client: ServerClient | undefined;
  /** True if the server refuses these channels for good, as without a right to them. Then waiters listen to each release. */
  isRefused = false;

  constructor(private readonly keyPrefix: string) {}

  get isEmpty(): boolean {
    return this.listeners.isEmpty;
  }

  /**
   * Adds the channel of a place in line.
   *
   * @returns true if it is new, so that the server has to be told
   */
  expect(inLineAs: string): boolean {
    const { size } = this.expected;
    return this.expected.add(channelOfTurns(this.keyPrefix, inLineAs)).size > size;
  }

  /** Subscribes to the channels, if the connection is ready. */
  subscribe(client: ServerClient): void {
    const channels = [...this.expected];
    if (!client.isReady || channels.length === 0) return;
    this.client = client;
    detached(() => client.subscribe(channels)).then(
      () => {
        if (client !== this.client) return;
        for (const channel of channels) this.confirmed.add(channel);
        this.mayHaveMissed();
      },
      (error: unknown) => {
        this.isRefused ||= isRefusedForGood(toRedisNodeError(error, []));
      },
    );
  }

  listen(
    key: string,
    inLineAs: string,
    wake: ReleaseHandler,
    connection: { readonly isRight: boolean; stopped(): void },
  ): ReleaseSubscription {
    const name = nameOf(inLineAs, key);
    const listener = {
      hear(released: string | undefined) {
        wake(released);
      },
    };
    this.listeners.add(name, listener);
    const channel = channelOfTurns(this.keyPrefix, inLineAs);
    const isHeard = () => connection.isRight && this.confirmed.has(channel);
    return {
      callsInTurn: true,
      get isHeard() {
        return isHeard();
      },
      stop: () => {
        this.listeners.remove(name, listener);
        connection.stopped();
      },
    };
  }

  /** @returns true if the message came on one of these channels */
  hear(channel: string, message: string): boolean {
    if (!this.expected.has(channel)) return false;
    const turn = readTurn(this.keyPrefix, channel, message);
    if (turn !== undefined) this.listeners.call(nameOf(turn.inLineAs, turn.key), turn.ownerToken);
    return true;
  }

  /** Called when the connection is gone. */
  forget(): void {
    this.client = undefined;
    this.confirmed.clear();
  }

  /** Wakes all waiters, since it may have been the turn of one of them before that could be heard. */
  mayHaveMissed(): void {
    if (this.confirmed.size === 0) return;
    for (const name of this.listeners.keys()) this.listeners.call(name, undefined);
  }
}

/** The id comes first, since it has no line feed. So each pair has a name of its own. */
function nameOf(inLineAs: string, key: string): string {
  return `${inLineAs}\n${key}`;
}
