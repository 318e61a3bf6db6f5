import { EventEmitter } from 'node:events';
import { types } from 'node:util';
import type { AnsweredRequest } from '../calls/locked-call';

/** The server's side of a call of gRPC, as handlers get it. */
interface GrpcCall {
  /** Cancelled by its client, or by the client's deadline. */
  readonly cancelled: boolean;
  readonly writableEnded?: boolean;
  sendMetadata(metadata: unknown): void;
  once(event: 'cancelled', listener: () => void): unknown;
}

/**
 * The call that a handler of gRPC answers, whose client may cancel it. Nest stops what it reads for a client that
 * cancels, but of a cancel that came before it began to read, it hears nothing.
 *
 * @param args of the handler, as Nest has them; among those of other transports there is no such call
 */
export function grpcRequest(args: readonly unknown[], callerMayLeave: boolean): AnsweredRequest | undefined {
  const call = args.find(isGrpcCall);
  if (call === undefined) return undefined;
  return {
    watch(onGone) {
      if (call.cancelled) {
        onGone();
        return undefined;
      }
      call.once('cancelled', () => {
        // The event comes after the end of an answer too.
        if (call.writableEnded !== true) onGone();
      });
      return undefined;
    },
    stopsWaiting: callerMayLeave,
    isStoppedByNest: true,
  };
}

/** Nothing is read of what an application made itself: it may be a proxy, or count what is read of it. */
function isGrpcCall(argument: unknown): argument is GrpcCall {
  if (types.isProxy(argument) || !(argument instanceof EventEmitter)) return false;
  const { cancelled, sendMetadata, once } = argument as unknown as Partial<GrpcCall>;
  return typeof cancelled === 'boolean' && typeof sendMetadata === 'function' && typeof once === 'function';
}
