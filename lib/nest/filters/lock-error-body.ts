import { STATUS_CODES } from 'node:http';
import type { LockError, LockErrorCode } from '../../errors/lock.error';
import type { LockAnswers } from './lock-answers.interface';
import {
  completeAnswers,
  DEFAULT_ANSWERS,
  pick,
  type CompleteAnswer,
  type CompleteAnswers,
} from './lock-answers';

/** The body that an HTTP client gets for a lock error. */
export interface LockErrorBody {
  /**
   * The status: 409 if busy, 429 if a limit is reached, 503 if unavailable, 400 if a client left out a part of the
   * key, else 500. The `answers` of the module change it.
   */
  readonly statusCode: number;
  /** The name of the status: `Conflict`. */
  readonly error: string;
  readonly code: LockErrorCode;
  readonly message: string;
}

/**
 * The body of the answer to a lock error: its code and a message for the client. It contains no key, no node and
 * no owner.
 *
 * @param answers replace those of the module of its lock service
 */
export function lockErrorBody(error: LockError, answers?: LockAnswers): LockErrorBody {
  const answer = answers === undefined ? answerTo(error) : pick(completeAnswers(answers), error);
  return bodyOf(error.code, answer);
}

/** @param otherwise the answers for an error that did not come from a lock service with answers of its own */
export function answerTo(error: LockError, otherwise = DEFAULT_ANSWERS): CompleteAnswer {
  return pick(marked.get(error) ?? otherwise, error);
}

export function bodyOf(code: LockErrorCode, { statusCode, message }: CompleteAnswer): LockErrorBody {
  return { statusCode, error: STATUS_CODES[statusCode] ?? 'Error', code, message };
}

/**
 * The answers that belong to errors. So code that gets an error finds them: one of several applications, or a
 * filter.
 */
const marked = new WeakMap<LockError, CompleteAnswers>();

export function markWithAnswers(error: LockError, answers: CompleteAnswers): void {
  marked.set(error, answers);
}
