import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { isMessageHandler } from '../calls/handler-kind';
import { isLocked } from '../calls/locked-methods';

/**
 * Carries the execution context of a handler through the arguments. It shows nothing of it: application-wide pipes
 * get this object too, and some of them read every object.
 */
class HandlerContext {
  readonly #context: ExecutionContext;
  readonly #argumentCount: number;

  constructor(context: ExecutionContext, argumentCount: number) {
    this.#context = context;
    this.#argumentCount = argumentCount;
  }

  /** Takes the context from the end of the arguments. The others are then as many as without it. */
  static takeFrom(args: unknown[]): ExecutionContext | undefined {
    const last = args[args.length - 1];
    if (!(last instanceof HandlerContext)) return undefined;
    args.length = last.#argumentCount;
    return last.#context;
  }
}

const makeContext = (argumentCount: number, context: ExecutionContext) =>
  new HandlerContext(context, argumentCount);
const ContextParameter = createParamDecorator(makeContext);

/** The metadata of methods that Nest calls for a route of HTTP, and for a query of GraphQL. */
const ROUTE = ['path', 'method'];
const QUERY = 'graphql:resolver_type';
const ROUTE_ARGUMENTS = '__routeArguments__';

const passing = new WeakMap<object, Set<string>>();

/**
 * Makes Nest pass the context to a method of a controller, after its arguments, if the method answers requests
 * over HTTP or messages of a gateway or a microservice. It must be called before Nest registers its routes.
 *
 * It is not passed to a method for messages without a decorated parameter, since Nest passes the message itself
 * only if there is none.
 */
export function passHandlerContext(prototype: object, key: string | symbol): void {
  const method = (prototype as Record<string | symbol, object>)[key];
  if (typeof key !== 'string' || !isLocked(method)) return;
  const has = (name: string) => Reflect.getMetadata(name, method as object) !== undefined;
  if (has(QUERY)) return;
  if (isMessageHandler(method as object) ? !hasArguments(prototype, key) : !ROUTE.every(has)) return;
  const known = passing.get(prototype) ?? new Set();
  if (known.has(key)) return;
  passing.set(prototype, known.add(key));
  const own = ownArgumentsOf(prototype, key);
  Reflect.defineMetadata(ROUTE_ARGUMENTS, own, prototype.constructor, key);
  const indexes = Object.values(own).map(({ index }) => index);
  const types = (Reflect.getMetadata('design:paramtypes', prototype, key) ?? []) as unknown[];
  const behind = Math.max(
    (method as { length: number }).length,
    types.length,
    ...indexes.map((at) => at + 1),
  );
  ContextParameter(Math.max(0, ...indexes.map((at) => at + 1)))(prototype, key, behind);
}

function hasArguments(prototype: object, key: string): boolean {
  return Object.keys(ownArgumentsOf(prototype, key)).length > 0;
}

interface RouteArgument {
  readonly index: number;
  readonly factory?: unknown;
}

/**
 * The decorated parameters of a handler, without a context that its base class got: a class inherits those of its base
 * class, and may have been made after the base class had answered requests in this process.
 */
function ownArgumentsOf(prototype: object, key: string): Record<string, RouteArgument> {
  const known = (Reflect.getMetadata(ROUTE_ARGUMENTS, prototype.constructor, key) ?? {}) as Record<
    string,
    RouteArgument
  >;
  return Object.fromEntries(Object.entries(known).filter(([, { factory }]) => factory !== makeContext));
}

/** Removes the context from the end of the arguments, and returns it. */
export function takeHandlerContext(args: unknown[]): ExecutionContext | undefined {
  return HandlerContext.takeFrom(args);
}
