import type { ExecutionContext } from '@nestjs/common';
import type { WhenLeft } from './piped-work';

/** The metadata by which Nest and its packages know a handler; their own constants are in packages that may be missing. */
const SSE = '__sse__';
const ROUTE = 'path';
const GRAPHQL = 'graphql:resolver_type';
const MESSAGES = ['websockets:message_mapping', 'microservices:pattern'];

/**
 * What becomes of the Observable of a handler whose caller leaves, by what Nest makes of it:
 * - server-sent events, a subscription of GraphQL or a stream of gRPC are sent on as they come, and have no end of their
 *   own: they are stopped
 * - a route, a query or a mutation answers with the last value: until then it is work, and it is finished. That nobody
 *   listens any more does not undo what was asked of another service
 * - a message of a gateway or a microservice may be either, which shows at its first value
 * - what is no handler is an Observable like others: it is stopped
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
 * Whether the handler is a GraphQL subscription: it returns an iterator, which is read for as long as its client
 * stays.
 */
export function isSubscription(handler: object): boolean {
  return Reflect.getMetadata(GRAPHQL, handler) === 'Subscription';
}

/** As much as is looked at of a call of gRPC, and of what stands behind it. */
interface GrpcCall {
  readonly write?: unknown;
  readonly sendMetadata?: unknown;
  readonly call?: GrpcServerCall;
}

interface GrpcServerCall {
  /** Of an interceptor of the server: what it passes on to. */
  readonly nextCall?: GrpcServerCall;
  readonly handler?: { readonly type?: unknown };
}

/**
 * The call of gRPC whose answer is a stream. Its class does not tell: `@grpc/grpc-js` gives the handler of a unary call
 * an object of that of streams too. Of one whose type cannot be found it is not said that it is a stream, since its
 * handler may be at work for a single answer.
 */
function isGrpcStream(argument: unknown): boolean {
  const { write, sendMetadata, call } = (argument ?? {}) as GrpcCall;
  if (typeof write !== 'function' || typeof sendMetadata !== 'function') return false;
  let behind = call;
  while (behind?.nextCall !== undefined) behind = behind.nextCall;
  const type = behind?.handler?.type;
  return type === 'serverStream' || type === 'bidi';
}

/** What answers the messages of a gateway or a microservice. */
export function isMessageHandler(handler: object): boolean {
  return MESSAGES.some((key) => Reflect.getMetadata(key, handler) !== undefined);
}

/** Undefined where the context is one that a test has made. */
export function handlerOf(context: ExecutionContext): object | undefined {
  const handler: unknown = (context as Partial<ExecutionContext>).getHandler?.();
  return typeof handler === 'function' ? handler : undefined;
}
