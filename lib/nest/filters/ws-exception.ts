import type { ArgumentsHost } from '@nestjs/common';

/** What a client of microservices or of a gateway is told. */
export interface ExceptionMessage {
  readonly status: 'error';
  readonly code: string;
  readonly message: string;
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
