import type { ExecutionContext } from '@nestjs/common';

/** Where Nest keeps what the decorators of a route say; it exports these constants to nobody. */
const ROUTE_ARGUMENTS = '__routeArguments__';
const PASSTHROUGH = '__responsePassthrough__';
const TEMPLATE = '__renderTemplate__';

/** `@Res()` and `@Next()`: the second number of Nest's RouteParamtypes, and the third. */
const ANSWERING = /^[12]:/;

/** Whether Nest leaves the answer to the handler, which has `@Res()` or `@Next()` without `passthrough`. */
export function answersItself(context: ExecutionContext): boolean {
  const [type, name] = [context.getClass(), context.getHandler().name];
  const parameters = Reflect.getMetadata(ROUTE_ARGUMENTS, type, name) as object | undefined;
  if (!Object.keys(parameters ?? {}).some((key) => ANSWERING.test(key))) return false;
  return Reflect.getMetadata(PASSTHROUGH, type, name) !== true;
}

/** Whether Nest makes a page of what the handler comes to. */
export function isRendered(context: ExecutionContext): boolean {
  return Reflect.getMetadata(TEMPLATE, context.getHandler()) !== undefined;
}
