import type { LockError } from '../errors/lock.error';
import { lockErrorBody } from '../filters/lock-error-body';
import { RETRY_AFTER_SECONDS } from '../redlock.constants';

/** How the answer of the exception filter to an error is documented. */
export function lockErrorResponse(error: LockError, description: string) {
  const body = lockErrorBody(error);
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
    ...(statusCode === 503 ? { headers: { 'Retry-After': RETRY_AFTER } } : {}),
  };
}

const RETRY_AFTER = {
  description: 'When to try again, in seconds.',
  schema: { type: 'integer', example: RETRY_AFTER_SECONDS },
} as const;
