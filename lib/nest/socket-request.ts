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
 * The message of a WebSocket that a handler answers, whose client may go. Nest stops what it reads for a client that
 * goes; what a handler comes to after that, it does not read at all.
 *
 * @param args of the handler, as Nest has them; among those of other transports there is no such client
 */
export function socketRequest(args: readonly unknown[], stopsWaiting: boolean): AnsweredRequest | undefined {
  for (const argument of args) {
    // Nothing is read of what an application made itself: it may be a proxy, or count what is read of it.
    if (types.isProxy(argument) || !(argument instanceof EventEmitter)) continue;
    if (isSocketIo(argument))
      return requestOf(argument, 'disconnect', () => argument.disconnected, stopsWaiting);
    if (isWs(argument))
      return requestOf(argument, 'close', () => argument.readyState >= CLOSING, stopsWaiting);
  }
  return undefined;
}

/** A connection has many messages: each listens for as long as it is at work, and no longer. */
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
