import { Catch, Inject, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';

import { HttpAdapterHost } from '@nestjs/core';
import { throwError } from 'rxjs';
import { LockBusyError } from '../errors/lock-busy.error';
import { LockError } from '../errors/lock.error';
import { RETRY_AFTER_SECONDS } from '../redlock.constants';
import { lockErrorBody, type LockErrorBody } from './lock-error-body';

/**
 * Answers the lock errors that a handler did not catch: HTTP 409 when busy, 503 with Retry-After when the nodes cannot
 * be reached, 500 for others; RPC, WebSocket and GraphQL clients get the same code and message.
 *
 * RedlockModule registers it for the whole application unless `exceptionFilter` is false. A filter of yours on a
 * controller or a handler comes first. Gateways take no application-wide filters: put
 * `@UseFilters(LockExceptionFilter)` on them.
 *
 * A busy lock is normal, and is not logged; the others are logged with all that the client is not told.
 */
@Catch(LockError)
export class LockExceptionFilter implements ExceptionFilter<LockError> {
  private readonly logger = new Logger(LockExceptionFilter.name);

  constructor(@Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost) {}

  catch(error: LockError, host: ArgumentsHost): unknown {
    if (!(error instanceof LockBusyError)) this.logger.error(error.message, error.stack);
    const body = lockErrorBody(error);
    switch (host.getType<string>()) {
      case 'http':
        this.answerHttp(body, host);
        return undefined;
      case 'rpc':
        return throwError(() => messageOf(body));
      case 'ws':
        emitException(host.switchToWs(), messageOf(body));
        return undefined;
      case 'graphql':
        // What a resolver returns as an error is answered as one.
        return Object.assign(new Error(body.message, { cause: error }), { extensions: { code: body.code } });
      default:
        throw error;
    }
  }

  private answerHttp(body: LockErrorBody, host: ArgumentsHost): void {
    const { httpAdapter } = this.adapterHost;
    const response = host.switchToHttp().getResponse<unknown>();
    if (httpAdapter.isHeadersSent(response)) {
      httpAdapter.end(response);
      return;
    }
    if (body.statusCode === 503) httpAdapter.setHeader(response, 'Retry-After', String(RETRY_AFTER_SECONDS));
    httpAdapter.reply(response, body, body.statusCode);
  }
}

interface ExceptionMessage {
  readonly status: 'error';
  readonly code: string;
  readonly message: string;
}

function messageOf({ code, message }: LockErrorBody): ExceptionMessage {
  return { status: 'error', code, message };
}

interface WsExceptionMessage extends ExceptionMessage {
  /** What the client sent. */
  readonly cause: { readonly pattern: string; readonly data: unknown };
}

/** A socket of socket.io, which emits to the client, or of ws, which only sends. */
interface WsClient {
  readonly readyState?: number;
  emit(event: string, message: WsExceptionMessage): void;
  send(data: string): void;
}

/** What went wrong for which message: an exception is an event of its own, and no answer. As Nest has it. */
function emitException(host: ReturnType<ArgumentsHost['switchToWs']>, message: ExceptionMessage): void {
  const client = host.getClient<WsClient>();
  const data: WsExceptionMessage = {
    ...message,
    cause: { pattern: host.getPattern(), data: host.getData<unknown>() },
  };
  if (client.readyState === undefined) client.emit('exception', data);
  else client.send(JSON.stringify({ event: 'exception', data }));
}
