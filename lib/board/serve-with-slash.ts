import { SetMetadata } from '@nestjs/common';

/** The part of a Fastify instance that is used. */
interface Fastify {
  readonly initialConfig?: RouterOptions & { readonly routerOptions?: RouterOptions };
  addHook(name: 'onRoute', hook: (route: FastifyRoute) => void): unknown;
  route(route: FastifyRoute): unknown;
}

interface RouterOptions {
  readonly ignoreTrailingSlash?: boolean;
}

interface FastifyRoute {
  readonly method: unknown;
  readonly url: string;
  readonly handler: object;
  readonly config?: object | undefined;
}

/** The part of Nest's HTTP adapter that is used. */
interface HttpAdapter {
  getType(): string;
  getInstance(): unknown;
}

/** The key under which `@RouteConfig` of `@nestjs/platform-fastify` keeps what Fastify gets with a route. */
const ROUTE_CONFIG = '__fastify_route_config__';

const PAGE = 'redlockBoardPage';

type Mark = Readonly<Record<typeof PAGE, unknown>>;

/** Marks the handler of a page, so that its route is known when Fastify gets it. */
export const BoardPageRoute = (path: string) => SetMetadata(ROUTE_CONFIG, { [PAGE]: path } satisfies Mark);

/**
 * Has Fastify serve the page of a board with a slash at the end of its address too, as people write it, and proxies
 * that pass on a folder. Express does so by itself.
 *
 * To Fastify these are two routes, and Nest takes the slash from the paths of controllers. So the second route is
 * added when Fastify gets the first one: by then it is known where the application has the page, and it gets the
 * same handler, with all guards of the application. Nothing is redirected, since a proxy may redirect from the one
 * address to the other itself, and a browser would go in circles.
 */
export function serveWithSlash(adapter: HttpAdapter, path: string): void {
  if (adapter.getType() !== 'fastify') return;
  const fastify = adapter.getInstance() as Fastify;
  const { initialConfig } = fastify;
  if (
    initialConfig?.ignoreTrailingSlash === true ||
    initialConfig?.routerOptions?.ignoreTrailingSlash === true
  )
    return;
  fastify.addHook('onRoute', ({ method, url, handler, config }) => {
    // Before Nest 12, @All() hands over the handler alone. A handler in a path with a parameter is not handed over.
    const marks = [config, Reflect.getMetadata(ROUTE_CONFIG, handler)] as (Mark | undefined)[];
    if (url.endsWith('/') || !marks.some((mark) => mark?.[PAGE] === path)) return;
    addUnlessThere(fastify, { method, url: `${url}/`, handler, config });
  });
}

/** Adds a route, unless the application has made one of its own for this address. */
function addUnlessThere(fastify: Fastify, route: FastifyRoute): void {
  try {
    fastify.route(route);
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'FST_ERR_DUPLICATED_ROUTE') throw error;
  }
}
