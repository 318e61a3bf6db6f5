import type { RedisNodeError } from '../client/redis-node-error';
import { type Question, tellError, tellReply } from './question';

interface HeldReply {
  readonly reply: unknown;
  readonly question: Question;
}

/** Replies of which it is not known yet if they count: in a cluster, an unknown master may have sent them. */
export class HeldReplies {
  private held: HeldReply[] = [];

  get count(): number {
    return this.held.length;
  }

  add(reply: HeldReply): void {
    this.held.push(reply);
  }

  /** Gives the replies to their callers. With an error, they do not count. */
  settle(error?: RedisNodeError): void {
    if (this.held.length === 0) return;
    const { held } = this;
    this.held = [];
    for (const { reply, question } of held) {
      if (error === undefined) tellReply(question, reply);
      else tellError(question, error);
    }
  }
}
