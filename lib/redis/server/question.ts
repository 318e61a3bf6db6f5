import type { RedisNodeError } from '../client/redis-node-error';
import type { ServerClient } from '../client/server-client.interface';

/** What a server is asked. Exactly one of `onReply` and `onError` is called, once. */
export interface Question {
  send(client: ServerClient): Promise<unknown>;
  onReply(reply: unknown): void;
  onError(error: RedisNodeError): void;
}

/**
 * Tells the answer, and keeps a mistake of whoever hears of it away from us: here it would become an unhandled rejection,
 * which ends the process, or stop those after it.
 */
export function tellReply(question: Question, reply: unknown): void {
  try {
    question.onReply(reply);
  } catch {
    // Nobody is there to tell.
  }
}

export function tellError(question: Question, error: RedisNodeError): void {
  try {
    question.onError(error);
  } catch {
    // Nobody is there to tell.
  }
}
