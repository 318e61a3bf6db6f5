import type { ArgumentsHost } from '@nestjs/common';

/** The message that a client of a microservice or of a gateway gets. */
export interface ExceptionMessage {
  readonly status: 'error';
  readonly code: string;
  readonly message: string;
}

interface WsExceptionMessage extends ExceptionMessage {
  /** The message that the client sent. */
  readonly cause: { readonly pattern: string; readonly data: unknown };
}

/** A socket of socket.io, which emits to the client, or of ws, which only sends. */
interface WsClient {
  readonly readyState?: number;
  emit(event: string, message: WsExceptionMessage): void;
  send(data: string): void;
}

/**
 * Emits an exception to a client, as Nest does: as an event of its own with the message that failed, and not as an
 * answer.
 */
export function emitException(
  host: ReturnType<ArgumentsHost['switchToWs']>,
  message: ExceptionMessage,
): void {
  const client = host.getClient<WsClient>();
  const data: WsExceptionMessage = {
    ...message,
    cause: { pattern: host.getPattern(), data: host.getData<unknown>() },
  };
  if (client.readyState === undefined) client.emit('exception', data);
  else client.send(JSON.stringify({ event: 'exception', data }));
}
