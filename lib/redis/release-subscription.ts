import type { Hearer } from '../collections/listener-map';
import type { ReleaseHandler, ReleaseSubscription } from '../ports/lock-node.interface';
import { readRelease } from './request/release-message';

/** The part of a release channel that a subscription needs. */
interface Channel {
  readonly database: number;
  hears(key: string): boolean;
  forget(key: string, subscription: ReleaseSubscriptionOfOne): void;
}

/** A waiter's subscription to one key. There may be very many of them, so it is one object. */
export class ReleaseSubscriptionOfOne implements ReleaseSubscription, Hearer<string | undefined> {
  private isStopped = false;

  constructor(
    private readonly channel: Channel,
    private readonly key: string,
    private readonly wake: ReleaseHandler,
  ) {}

  get isHeard(): boolean {
    return this.channel.hears(this.key);
  }

  /** @param message tells of a release. Undefined: there may have been one */
  hear(message: string | undefined): void {
    const news: Parameters<ReleaseHandler> | undefined =
      message === undefined ? [] : readRelease(message, this.channel.database);
    if (news !== undefined) this.wake(...news);
  }

  stop(): void {
    if (this.isStopped) return;
    this.isStopped = true;
    this.channel.forget(this.key, this);
  }
}
