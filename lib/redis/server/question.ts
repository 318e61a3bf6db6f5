import type { RedisNodeError } from '../client/redis-node-error';
import type { ServerClient } from '../client/server-client.interface';

/** A question to a server. Exactly one of `onReply` and `onError` is called, once. */
export interface Question {
  send(client: ServerClient): Promise<unknown>;
  onReply(reply: unknown): void;
  onError(error: RedisNodeError): void;
}

/**
 * Gives the reply to the question, and ignores what its callback throws. An error would become an unhandled
 * rejection, which ends the process, or it would stop the callbacks after this one.
 */
export function tellReply(question: Question, reply: unknown): void {
  try {
    question.onReply(reply);
  } catch {
    // There is nobody to tell.
  }
}

export function tellError(question: Question, error: RedisNodeError): void {
  try {
    question.onError(error);
  } catch {
    // There is nobody to tell.
  }
}

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
