import { Catch, Inject, Logger, Optional, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { throwError } from 'rxjs';
import { LockError } from '../../errors/lock.error';
import type { LockAnswers } from './lock-answers.interface';
import { grpcMetadataOf, grpcStatus } from './grpc-status';
import {
  LOCK_ANSWERS,
  completeAnswers,
  kindOf,
  secondsOf,
  type CompleteAnswer,
  type CompleteAnswers,
} from './lock-answers';
import { answerTo, bodyOf } from './lock-error-body';
import { emitException, type ExceptionMessage } from './ws-exception';

/**
 * Answers the lock errors that a handler did not catch: HTTP 409 if busy, 429 if a limit is reached, 503 if the
 * nodes cannot be reached, all with Retry-After, and 500 for others. RPC, WebSocket and GraphQL clients get the
 * same code and message. `answers` of RedlockModule changes statuses and messages.
 *
 * RedlockModule registers it for the whole application unless `exceptionFilter` is false. A filter of yours on a
 * controller or a handler comes first. Gateways take no application-wide filters: put
 * `@UseFilters(LockExceptionFilter)` on them.
 *
 * It does not log a busy lock, which is normal, or a caller who left, which is no fault. It logs the other errors
 * with all details, which the client does not get.
 */
@Catch(LockError)
export class LockExceptionFilter implements ExceptionFilter<LockError> {
  private readonly answers: CompleteAnswers;
  private readonly logger = new Logger(LockExceptionFilter.name);

  constructor(
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
    @Optional() @Inject(LOCK_ANSWERS) answers?: LockAnswers,
  ) {
    this.answers = completeAnswers(answers);
  }

  catch(error: LockError, host: ArgumentsHost): unknown {
    this.log(error);
    const answer = answerTo(error, this.answers);
    const message: ExceptionMessage = { status: 'error', code: error.code, message: answer.message };
    switch (host.getType<string>()) {
      case 'http':
        this.answerHttp(error, answer, host);
        return undefined;
      case 'rpc': {
        const metadata = grpcMetadataOf(host);
        return throwError(() => (metadata === undefined ? message : grpcStatus(error, answer, metadata)));
      }
      case 'ws':
        emitException(host.switchToWs(), message);
        return undefined;
      case 'graphql':
        // GraphQL answers a returned error like a thrown one.
        return Object.assign(new Error(answer.message, { cause: error }), {
          extensions: { code: error.code },
        });
      default:
        throw error;
    }
  }

  private log(error: LockError): void {
    const kind = kindOf(error);
    if (kind === 'unavailable' || kind === 'failed') this.logger.error(error.message, error.stack);
    // Either the request or the template is wrong. The author of the template has to hear of it.
    if (kind === 'invalid') this.logger.warn(error.message);
  }

  private answerHttp(error: LockError, answer: CompleteAnswer, host: ArgumentsHost): void {
    const { httpAdapter } = this.adapterHost;
    const response = host.switchToHttp().getResponse<unknown>();
    if (httpAdapter.isHeadersSent(response)) {
      httpAdapter.end(response);
      return;
    }
    if (answer.retryAfter !== false) {
      httpAdapter.setHeader(response, 'Retry-After', String(secondsOf(answer.retryAfter)));
    }
    httpAdapter.reply(response, bodyOf(error.code, answer), answer.statusCode);
  }
}
