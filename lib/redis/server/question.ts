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
