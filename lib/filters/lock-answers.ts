import { LockOptionsError } from '../errors/lock-options.error';
import type { LockErrorCode } from '../errors/lock.error';
import type { LockAnswers } from '../interfaces/lock-answers.interface';
import { describeValue } from '../locking/check-lock-options';
import { readOptions } from '../locking/read-options';
import { PUBLIC_MESSAGES, RETRY_AFTER_MS } from '../redlock.messages';

type Kind = keyof LockAnswers;

/** An answer with all of its parts. */
export interface CompleteAnswer {
  readonly statusCode: number;
  readonly message: string;
  readonly retryAfter: number | false;
}

export type CompleteAnswers = Readonly<Record<Kind, CompleteAnswer>>;

export const DEFAULT_ANSWERS: CompleteAnswers = {
  busy: { statusCode: 409, message: PUBLIC_MESSAGES.busy, retryAfter: RETRY_AFTER_MS },
  unavailable: { statusCode: 503, message: PUBLIC_MESSAGES.unavailable, retryAfter: RETRY_AFTER_MS },
  failed: { statusCode: 500, message: PUBLIC_MESSAGES.failed, retryAfter: false },
};

/** By the code and not by the class: the error may come from another copy of the library. */
export function kindOf(code: LockErrorCode): Kind {
  return code === 'LOCK_BUSY' ? 'busy' : code === 'LOCK_UNAVAILABLE' ? 'unavailable' : 'failed';
}

/** As Retry-After has it: a part of a second is none. */
export function secondsOf(ms: number): number {
  return Math.ceil(ms / 1_000);
}

/** @throws LockOptionsError for what cannot be meant */
export function completeAnswers(given: LockAnswers | undefined): CompleteAnswers {
  if (given === undefined) return DEFAULT_ANSWERS;
  const kinds = readOptions(given, Object.keys(DEFAULT_ANSWERS), {
    name: 'answers',
    prefix: 'answers.',
    what: ' with `busy`, `unavailable` or `failed`',
    each: 'a kind of lock error',
  });
  return {
    busy: completeAnswer('busy', kinds['busy']),
    unavailable: completeAnswer('unavailable', kinds['unavailable']),
    failed: completeAnswer('failed', kinds['failed']),
  };
}

function completeAnswer(kind: Kind, given: unknown): CompleteAnswer {
  if (given === undefined) return DEFAULT_ANSWERS[kind];
  const name = `answers.${kind}`;
  const answer = {
    ...DEFAULT_ANSWERS[kind],
    ...readOptions(given, PARTS, {
      name,
      prefix: `${name}.`,
      what: ' of answers',
      each: 'a part of an answer',
    }),
  };
  const { statusCode, message, retryAfter } = answer as Record<keyof CompleteAnswer, unknown>;
  if (!Number.isInteger(statusCode) || (statusCode as number) < 400 || (statusCode as number) > 599) {
    throw wrong(`${name}.statusCode`, 'an HTTP status from 400 to 599', statusCode);
  }
  if (typeof message !== 'string' || message === '') throw wrong(`${name}.message`, 'a text', message);
  if (retryAfter !== false && !(Number.isSafeInteger(retryAfter) && (retryAfter as number) >= 0)) {
    throw wrong(`${name}.retryAfter`, 'a whole number of milliseconds, 0 or more, or false', retryAfter);
  }
  return answer;
}

const PARTS = ['statusCode', 'message', 'retryAfter'] satisfies (keyof CompleteAnswer)[];

function wrong(option: string, what: string, value: unknown): LockOptionsError {
  return new LockOptionsError(option, `must be ${what}, but is ${describeValue(value)}.`);
}
