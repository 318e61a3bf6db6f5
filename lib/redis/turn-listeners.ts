import { ListenerMap } from '../collections/listener-map';
import type { ReleaseHandler, ReleaseSubscription } from '../ports/lock-node.interface';
import { detached } from '../system/detached';
import { toRedisNodeError } from './client/redis-node-error';
import type { ServerClient } from './client/server-client.interface';
import { channelOfTurns, readTurn } from './request/release-message';

/**
 * Who waits to hear that it is its turn in the line of some key (R32): at one channel for all callers of a process, to which
 * the connection is subscribed for as long as it is there. So who waits costs the server no subscription.
 */
export class TurnListeners {
  private readonly listeners = new ListenerMap<string | undefined>();
  private readonly expected = new Set<string>();
  /** That the server has confirmed. */
  private readonly confirmed = new Set<string>();
  /** That they were confirmed on. */
  private client: ServerClient | undefined;
  /** The user of the server has no right to them: who waits listens for each release. */
  isRefused = false;

  constructor(private readonly keyPrefix: string) {}

  get isEmpty(): boolean {
    return this.listeners.isEmpty;
  }

  /** @returns whether the server has to be told */
  expect(inLineAs: string): boolean {
    const { size } = this.expected;
    return this.expected.add(channelOfTurns(this.keyPrefix, inLineAs)).size > size;
  }

  /** On a connection that is there, if it is ready. */
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
        this.isRefused ||= toRedisNodeError(error, []).code === 'NOPERM';
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

  /** @returns whether it was for one of these */
  hear(channel: string, message: string): boolean {
    if (!this.expected.has(channel)) return false;
    const turn = readTurn(this.keyPrefix, channel, message);
    if (turn !== undefined) this.listeners.call(nameOf(turn.inLineAs, turn.key), turn.ownerToken);
    return true;
  }

  /** The connection is gone. */
  forget(): void {
    this.client = undefined;
    this.confirmed.clear();
  }

  /** It may have been somebody's turn before that could be heard. */
  mayHaveMissed(): void {
    if (this.confirmed.size === 0) return;
    for (const name of this.listeners.keys()) this.listeners.call(name, undefined);
  }
}

/** An id has no line feed. */
function nameOf(inLineAs: string, key: string): string {
  return `${inLineAs}\n${key}`;
}
