import { HttpException } from '@nestjs/common';
import type { LockError } from '../../errors/lock.error';
import type { LockAnswers } from './lock-answers.interface';
import { lockErrorBody } from './lock-error-body';

/**
 * Makes an exception of HTTP from a lock error, for filters, interceptors and transports that map errors
 * themselves. It names no key, no node and no owner. Its body is that of `lockErrorBody`, its `cause` is the lock
 * error.
 *
 * @param answers replace those of the module of its lock service
 *
 * @example
 * ```ts
 * @Catch()
 * export class AllExceptionsFilter extends BaseExceptionFilter {
 *   override catch(exception: unknown, host: ArgumentsHost) {
 *     super.catch(exception instanceof LockError ? toHttpException(exception) : exception, host);
 *   }
 * }
 * ```
 */
export function toHttpException(error: LockError, answers?: LockAnswers): HttpException {
  const body = lockErrorBody(error, answers);
  return new HttpException(body, body.statusCode, { cause: error });
}
