import type { ExecutionContext } from '@nestjs/common';
import type { WhenLeft } from './piped-work';

/**
 * The metadata keys by which Nest and its packages know a handler. Their own constants are in packages that may be
 * missing.
 */
const SSE = '__sse__';
const ROUTE = 'path';
const GRAPHQL = 'graphql:resolver_type';
const MESSAGES = ['websockets:message_mapping', 'microservices:pattern'];

/**
 * Decides what happens to the Observable of a handler when its caller leaves. It depends on what Nest does with
 * it:
 * - Server-sent events, a subscription of GraphQL and a stream of gRPC are sent on as they come, and have no end
 *   of their own. They are stopped.
 * - A route, a query or a mutation answers with the last value. Until then it is work, which is finished: nobody
 *   listens any more, but a request to another service has its effect all the same.
 * - A message of a gateway or a microservice may be either. Its first value shows which.
 * - An Observable of any other method is stopped.
 */
export function whenLeftFor(handler: object | undefined, args: readonly unknown[]): WhenLeft {
  if (handler === undefined) return 'stop';
  const of = (key: string): unknown => Reflect.getMetadata(key, handler);
  if (of(SSE) === true) return 'stop';
  const resolver = of(GRAPHQL);
  if (resolver !== undefined) return resolver === 'Subscription' ? 'stop' : 'finish';
  if (isMessageHandler(handler)) return args.some(isGrpcStream) ? 'stop' : 'finish-first';
  return of(ROUTE) === undefined ? 'stop' : 'finish';
}

/**
 * Tells if the handler is a GraphQL subscription: it returns an iterator, which is read for as long as its client
 * stays.
 */
export function isSubscription(handler: object): boolean {
  return Reflect.getMetadata(GRAPHQL, handler) === 'Subscription';
}

/** The part of a call of gRPC, and of the objects behind it, that is read. */
interface GrpcCall {
  readonly write?: unknown;
  readonly sendMetadata?: unknown;
  readonly call?: GrpcServerCall;
}

interface GrpcServerCall {
  /** In an object of a server interceptor, the call that it wraps. */
  readonly nextCall?: GrpcServerCall;
  readonly handler?: { readonly type?: unknown };
}

/**
 * Tells if an argument is a call of gRPC that is answered with a stream. The class does not tell it:
 * `@grpc/grpc-js` gives the handler of a unary call an object of a stream too. A call of unknown type does not
 * count as a stream, since its handler may work for a single answer.
 */
function isGrpcStream(argument: unknown): boolean {
  const { write, sendMetadata, call } = (argument ?? {}) as GrpcCall;
  if (typeof write !== 'function' || typeof sendMetadata !== 'function') return false;
  let behind = call;
  while (behind?.nextCall !== undefined) behind = behind.nextCall;
  const type = behind?.handler?.type;
  return type === 'serverStream' || type === 'bidi';
}

/** Tells if a handler answers the messages of a gateway or a microservice. */
export function isMessageHandler(handler: object): boolean {
  return MESSAGES.some((key) => Reflect.getMetadata(key, handler) !== undefined);
}

/** Tells if a method answers a route, or the messages of a gateway or a microservice. */
export function isAnsweredHandler(method: object): boolean {
  return isMessageHandler(method) || Reflect.getMetadata(ROUTE, method) !== undefined;
}

/** The handler of a context. Undefined if a test has made the context. */
export function handlerOf(context: ExecutionContext): object | undefined {
  const handler: unknown = (context as Partial<ExecutionContext>).getHandler?.();
  return typeof handler === 'function' ? handler : undefined;
}
