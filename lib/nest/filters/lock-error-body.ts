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

/** What an HTTP client gets for a lock error. */
export interface LockErrorBody {
  /**
   * 409 when busy, 429 when a limit is reached, 503 when unavailable, 400 when a client left out a part of the key, else
   * 500; `answers` of the module changes them.
   */
  readonly statusCode: number;
  /** The name of the status: `Conflict`. */
  readonly error: string;
  readonly code: LockErrorCode;
  readonly message: string;
}

/**
 * The body of the answer to a lock error: its code and what a client may read. No key, no node and no owner is in it.
 *
 * @param answers in the place of those that the module of its lock service has
 */
export function lockErrorBody(error: LockError, answers?: LockAnswers): LockErrorBody {
  const answer = answers === undefined ? answerTo(error) : pick(completeAnswers(answers), error);
  return bodyOf(error.code, answer);
}

/** @param otherwise for an error that no lock service with answers of its own has let out */
export function answerTo(error: LockError, otherwise = DEFAULT_ANSWERS): CompleteAnswer {
  return pick(marked.get(error) ?? otherwise, error);
}

export function bodyOf(code: LockErrorCode, { statusCode, message }: CompleteAnswer): LockErrorBody {
  return { statusCode, error: STATUS_CODES[statusCode] ?? 'Error', code, message };
}

/** The answers that errors carry with them, so that whoever meets one knows them: one of several applications, or a filter. */
const marked = new WeakMap<LockError, CompleteAnswers>();

export function markWithAnswers(error: LockError, answers: CompleteAnswers): void {
  marked.set(error, answers);
}
