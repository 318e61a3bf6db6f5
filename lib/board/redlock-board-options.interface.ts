import type { InjectionToken, ModuleMetadata, OptionalFactoryDependency, Provider } from '@nestjs/common';

/** What somebody wants to do. */
export type BoardAction = 'view' | 'release';

/** What of the board is asked for by name, before its other options are known. */
export interface RedlockBoardExtras {
  /**
   * Where the page is, below the global prefix of the application if it has one. A version in the address is not asked
   * for.
   *
   * @default 'locks'
   */
  path?: string;

  /**
   * The name of the lock service to show; `'default'` is the one without a name. For several, import the module several
   * times, each with a path of its own.
   *
   * @default 'default'
   */
  connection?: string;
}

/** Options of {@link RedlockBoardModule}, besides its path. */
export interface RedlockBoardSettings {
  /**
   * Whether this request may see the board, or release a lock on it. Asked for every request, and every ten minutes for
   * a page that stays open. Anything but true, also by a promise, is answered with 403; what it throws is answered as
   * anywhere else in the application, so an `UnauthorizedException` makes a browser ask for a password if it has a
   * `WWW-Authenticate`.
   *
   * @param request that of Express or Fastify
   */
  // oxlint-disable-next-line typescript/no-explicit-any -- as in Nest: so that `(request: Request) => …` is taken
  authorize?: (request: any, action: BoardAction) => boolean | Promise<boolean>;

  /**
   * Shows the board to whoever can reach it. For a machine of your own, or where something before the application keeps
   * strangers out.
   *
   * @default false
   */
  allowUnauthenticated?: boolean;

  /**
   * Whether locks can be taken away from their holders on the page, after a second question. The holder hears of it at
   * its next extension: two may work at the same time until then.
   *
   * @default false
   */
  allowRelease?: boolean;

  /**
   * How often the nodes are looked at while somebody looks at the page, in milliseconds, 250 to 60,000. Looks that take
   * more than a tenth of it come less often.
   *
   * @default 1_000
   */
  interval?: number;

  /**
   * How many locks are shown at most, 1 to 10,000.
   *
   * @default 5_000
   */
  limit?: number;

  /**
   * The heading of the page.
   *
   * @default 'Locks'
   */
  title?: string;
}

/** Options of {@link RedlockBoardModule}: one of `authorize` and `allowUnauthenticated` is there. */
export interface RedlockBoardOptions extends RedlockBoardExtras, RedlockBoardSettings {}

/** Options of `RedlockBoardModule.forRootAsync`. */
export interface RedlockBoardAsyncOptions extends RedlockBoardExtras, Pick<ModuleMetadata, 'imports'> {
  /** Returns the other options, from what `inject` names. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as in Nest: so that `(config: Config) => …` is taken
  useFactory: (...dependencies: any[]) => RedlockBoardSettings | Promise<RedlockBoardSettings>;
  /** What `useFactory` is called with. */
  inject?: (InjectionToken | OptionalFactoryDependency)[];
  /** Providers that only the options need. */
  extraProviders?: Provider[];
}
