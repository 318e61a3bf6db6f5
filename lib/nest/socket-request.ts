import { EventEmitter } from 'node:events';
import { types } from 'node:util';
import type { AnsweredRequest } from '../calls/locked-call';

/** The server's side of a connection. */
interface SocketClient {
  once(event: string, listener: () => void): unknown;
  removeListener(event: string, listener: () => void): unknown;
}

interface SocketIoClient extends SocketClient {
  readonly disconnected: boolean;
}

/** A client of the package `ws`. */
interface WsClient extends SocketClient {
  readonly readyState: number;
}

/** The `readyState` of a connection that is being closed. */
const CLOSING = 2;

/**
 * The message of a WebSocket that a handler answers. Its client may leave. Nest unsubscribes from a result when
 * the client leaves. It does not read a result that comes after that at all.
 *
 * @param args the arguments of the handler, as Nest has them; those of other transports contain no such client
 */
export function socketRequest(args: readonly unknown[], stopsWaiting: boolean): AnsweredRequest | undefined {
  for (const argument of args) {
    // Nothing is read of an application's own object: it may be a proxy, or count its reads.
    if (types.isProxy(argument) || !(argument instanceof EventEmitter)) continue;
    if (isSocketIo(argument))
      return requestOf(argument, 'disconnect', () => argument.disconnected, stopsWaiting);
    if (isWs(argument))
      return requestOf(argument, 'close', () => argument.readyState >= CLOSING, stopsWaiting);
  }
  return undefined;
}

/** Makes the request. A connection has many messages, and each listens only while it is handled. */
function requestOf(
  client: SocketClient,
  event: string,
  isGone: () => boolean,
  stopsWaiting: boolean,
): AnsweredRequest {
  return {
    watch(onGone) {
      if (isGone()) {
        onGone();
        return undefined;
      }
      client.once(event, onGone);
      return () => {
        client.removeListener(event, onGone);
      };
    },
    stopsWaiting,
    isStoppedByNest: true,
  };
}

function isSocketIo(client: SocketClient): client is SocketIoClient {
  const { disconnected, handshake } = client as Partial<SocketIoClient> & { handshake?: unknown };
  return typeof disconnected === 'boolean' && typeof handshake === 'object';
}

function isWs(client: SocketClient): client is WsClient {
  const { readyState, terminate } = client as Partial<WsClient> & { terminate?: unknown };
  return typeof readyState === 'number' && typeof terminate === 'function';
}
