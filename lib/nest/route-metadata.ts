import type { ExecutionContext } from '@nestjs/common';

/** The metadata keys under which Nest keeps the decorators of a route. Nest does not export these constants. */
const ROUTE_ARGUMENTS = '__routeArguments__';
const PASSTHROUGH = '__responsePassthrough__';
const TEMPLATE = '__renderTemplate__';

/** The metadata key under which Nest keeps interceptors. Nest does not export it. */
export const INTERCEPTORS = '__interceptors__';

/** The parameters `@Res()` and `@Next()`: the second and the third number of Nest's RouteParamtypes. */
const ANSWERING = /^[12]:/;

/** Tells if the handler answers by itself, since it has `@Res()` or `@Next()` without `passthrough`. */
export function answersItself(context: ExecutionContext): boolean {
  const [type, name] = [context.getClass(), context.getHandler().name];
  const parameters = Reflect.getMetadata(ROUTE_ARGUMENTS, type, name) as object | undefined;
  if (!Object.keys(parameters ?? {}).some((key) => ANSWERING.test(key))) return false;
  return Reflect.getMetadata(PASSTHROUGH, type, name) !== true;
}

/** Tells if Nest renders a page from the handler's result. */
export function isRendered(context: ExecutionContext): boolean {
  return Reflect.getMetadata(TEMPLATE, context.getHandler()) !== undefined;
}

/** The metadata key under which Nest keeps exception filters. */
export const FILTERS = '__exceptionFilters__';

/** The metadata keys by which `@nestjs/websockets` knows a gateway, and its handlers. That package may be missing. */
export const GATEWAY = 'websockets:is_gateway';
export const GATEWAY_MESSAGE = 'websockets:message_mapping';

/** The metadata keys by which `@nestjs/microservices` knows a handler, its kind, and its transport. */
export const MESSAGE_HANDLER = 'microservices:handler_type';
export const MESSAGE_TRANSPORT = 'microservices:transport';
