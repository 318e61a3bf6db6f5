import type { LockError } from '../errors/lock.error';
import { pick, secondsOf, type CompleteAnswers } from '../nest/filters/lock-answers';
import { bodyOf } from '../nest/filters/lock-error-body';

/** The documentation of the exception filter's answer to an error. */
export function lockErrorResponse(error: LockError, description: string, answers: CompleteAnswers) {
  const answer = pick(answers, error);
  const body = bodyOf(error.code, answer);
  const { statusCode, code, message } = body;
  return {
    status: statusCode,
    description,
    schema: {
      type: 'object',
      required: Object.keys(body),
      properties: {
        statusCode: { type: 'integer', enum: [statusCode] },
        error: { type: 'string', enum: [body.error] },
        code: { type: 'string', enum: [code] },
        message: { type: 'string', example: message },
      },
    },
    ...(answer.retryAfter === false ? {} : { headers: { 'Retry-After': retryAfter(answer.retryAfter) } }),
  };
}

function retryAfter(ms: number) {
  return {
    description: 'When to try again, in seconds.',
    schema: { type: 'integer', example: secondsOf(ms) },
  } as const;
}
