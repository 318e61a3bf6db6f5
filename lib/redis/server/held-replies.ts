import { callSafely } from './call-safely';
import type { RedisNodeError } from '../client/redis-node-error';

interface HeldReply {
  readonly reply: unknown;
  readonly onReply: (reply: unknown) => void;
  readonly onError: (error: RedisNodeError) => void;
}

/** Replies of which it is not known yet whether they count: in a cluster, somebody whom nobody knows may have sent them. */
export class HeldReplies {
  private held: HeldReply[] = [];

  get count(): number {
    return this.held.length;
  }

  add(reply: HeldReply): void {
    this.held.push(reply);
  }

  /** They count, unless there is an error. */
  settle(error?: RedisNodeError): void {
    if (this.held.length === 0) return;
    const { held } = this;
    this.held = [];
    for (const { reply, onReply, onError } of held) {
      if (error === undefined) callSafely(onReply, reply);
      else callSafely(onError, error);
    }
  }
}
