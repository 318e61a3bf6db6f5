import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { isMessageHandler } from '../calls/handler-kind';
import { isLocked } from '../calls/locked-methods';

/**
 * Carries the execution context of a handler through the arguments. It shows nothing of it: application-wide pipes
 * get this object too, and some of them read every object.
 */
class HandlerContext {
  readonly #context: ExecutionContext;

  constructor(context: ExecutionContext) {
    this.#context = context;
  }

  static read(value: unknown): ExecutionContext | undefined {
    return value instanceof HandlerContext ? value.#context : undefined;
  }
}

const ContextParameter = createParamDecorator((_, context) => new HandlerContext(context));

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
  ContextParameter()(prototype, key, indexBehind(prototype, key, (method as { length: number }).length));
}

function hasArguments(prototype: object, key: string): boolean {
  return Object.keys(argumentsOf(prototype, key)).length > 0;
}

function argumentsOf(prototype: object, key: string): Record<string, { readonly index: number }> {
  return (Reflect.getMetadata(ROUTE_ARGUMENTS, prototype.constructor, key) ?? {}) as ReturnType<
    typeof argumentsOf
  >;
}

function indexBehind(prototype: object, key: string, length: number): number {
  const parameters = argumentsOf(prototype, key);
  const types = (Reflect.getMetadata('design:paramtypes', prototype, key) ?? []) as unknown[];
  return Math.max(length, types.length, ...Object.values(parameters).map(({ index }) => index + 1));
}

/** Removes the context from the end of the arguments, and returns it. */
export function takeHandlerContext(args: unknown[]): ExecutionContext | undefined {
  const context = HandlerContext.read(args[args.length - 1]);
  if (context !== undefined) args.pop();
  return context;
}
