import { LockOptionsError } from '../../errors/lock-options.error';
import type { LockKeyError } from '../../errors/lock-key.error';
import type { LockError } from '../../errors/lock.error';
import type { LockAnswers } from './lock-answers.interface';
import { describeValue } from '../../errors/describe-value';
import { readOptions } from '../../errors/read-options';

/**
 * The token of the answers to lock errors: those of the module without a name, for filters that an application
 * lists itself.
 */
export const LOCK_ANSWERS = 'REDLOCK_LOCK_ANSWERS';

type Kind = keyof LockAnswers;

/** The messages for clients. They contain no key, no node and no owner. */
const PUBLIC_MESSAGES = {
  busy: 'The resource is in use. Try again later.',
  limit: 'Too many are at work already. Try again later.',
  unavailable: 'Locks are not available at the moment. Try again later.',
  failed: 'Internal server error',
  invalid: 'A value that names the resource is missing or wrong.',
  left: 'The client has closed the connection.',
} as const;

/**
 * The time after which a client should try again: most locks are short, and nodes come back within seconds or not
 * at all.
 */
const RETRY_AFTER_MS = 1_000;

/** An answer with all of its parts. */
export interface CompleteAnswer {
  readonly statusCode: number;
  readonly message: string;
  readonly retryAfter: number | false;
}

export type CompleteAnswers = Readonly<Record<Kind, CompleteAnswer>>;

export const DEFAULT_ANSWERS: CompleteAnswers = {
  busy: { statusCode: 409, message: PUBLIC_MESSAGES.busy, retryAfter: RETRY_AFTER_MS },
  limit: { statusCode: 429, message: PUBLIC_MESSAGES.limit, retryAfter: RETRY_AFTER_MS },
  unavailable: { statusCode: 503, message: PUBLIC_MESSAGES.unavailable, retryAfter: RETRY_AFTER_MS },
  invalid: { statusCode: 400, message: PUBLIC_MESSAGES.invalid, retryAfter: false },
  failed: { statusCode: 500, message: PUBLIC_MESSAGES.failed, retryAfter: false },
};

/** The answer when the client has left, which nobody gets. Proxies log this with the same status. */
const LEFT: CompleteAnswer = { statusCode: 499, message: PUBLIC_MESSAGES.left, retryAfter: false };

/**
 * The kind of an error. It goes by the code and not by the class, since the error may come from another copy of
 * the library.
 */
export function kindOf(error: LockError): Kind | 'left' {
  switch (error.code) {
    case 'LOCK_BUSY':
      return 'busy';
    case 'LOCK_LIMIT':
      return 'limit';
    case 'LOCK_UNAVAILABLE':
      return 'unavailable';
    case 'LOCK_CALLER_LEFT':
      return 'left';
    case 'LOCK_KEY_INVALID':
      return (error as Partial<LockKeyError>).isFromClient === true ? 'invalid' : 'failed';
    default:
      return 'failed';
  }
}

/** Finds the answer to an error among those of an application. */
export function pick(answers: CompleteAnswers, error: LockError): CompleteAnswer {
  const kind = kindOf(error);
  return kind === 'left' ? LEFT : answers[kind];
}

/** Whole seconds, as Retry-After needs them: a part of a second counts as one. */
export function secondsOf(ms: number): number {
  return Math.ceil(ms / 1_000);
}

/** @throws LockOptionsError for an impossible answer */
export function completeAnswers(given: LockAnswers | undefined): CompleteAnswers {
  if (given === undefined) return DEFAULT_ANSWERS;
  const kinds = readOptions(given, Object.keys(DEFAULT_ANSWERS), {
    name: 'answers',
    prefix: 'answers.',
    what: ' with `busy`, `limit`, `unavailable`, `invalid` or `failed`',
    each: 'a kind of lock error',
  });
  return {
    busy: completeAnswer('busy', kinds['busy']),
    limit: completeAnswer('limit', kinds['limit']),
    unavailable: completeAnswer('unavailable', kinds['unavailable']),
    invalid: completeAnswer('invalid', kinds['invalid']),
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
