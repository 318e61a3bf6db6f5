import { EventEmitter } from 'node:events';
import { types } from 'node:util';
import type { AnsweredRequest } from '../calls/locked-call';

/** The server's side of a call of gRPC, as handlers get it. */
interface GrpcCall {
  /** True if its client cancelled it, or the client's deadline has passed. */
  readonly cancelled: boolean;
  readonly writableEnded?: boolean;
  sendMetadata(metadata: unknown): void;
  once(event: 'cancelled', listener: () => void): unknown;
}

/**
 * The call of gRPC that a handler answers. Its client may cancel it. Nest unsubscribes from the result when the
 * client cancels, but notices no cancel that came before it subscribed.
 *
 * @param args the arguments of the handler, as Nest has them; those of other transports contain no such call
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
        // This event also comes after the end of an answer.
        if (call.writableEnded !== true) onGone();
      });
      return undefined;
    },
    stopsWaiting: callerMayLeave,
    isStoppedByNest: true,
  };
}

/**
 * Tells if an argument is a call of gRPC. Nothing is read of an application's own object: it may be a proxy, or
 * count its reads.
 */
function isGrpcCall(argument: unknown): argument is GrpcCall {
  if (types.isProxy(argument) || !(argument instanceof EventEmitter)) return false;
  const { cancelled, sendMetadata, once } = argument as unknown as Partial<GrpcCall>;
  return typeof cancelled === 'boolean' && typeof sendMetadata === 'function' && typeof once === 'function';
}
