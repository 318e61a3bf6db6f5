import type { InjectionToken, ModuleMetadata, OptionalFactoryDependency, Provider } from '@nestjs/common';

/** The action that somebody asks for. */
export type BoardAction = 'view' | 'release';

/** The options of the board that are needed before its other options are known. */
export interface RedlockBoardExtras {
  /**
   * The path of the page, below the global prefix of the application if it has one. The address needs no version.
   *
   * @default 'locks'
   */
  path?: string | undefined;

  /**
   * The name of the lock service to show; `'default'` is the one without a name. To show several, import the
   * module several times, each with a path of its own.
   *
   * @default 'default'
   */
  connection?: string | undefined;
}

/** Options of {@link RedlockBoardModule}, besides its path. */
export interface RedlockBoardSettings {
  /**
   * Decides if a request may see the board, or release a lock on it. It is called for every request, and every ten
   * minutes for a page that stays open. Anything but true, or a promise of true, is answered with 403. An error
   * that it throws is answered as in the rest of the application, so an `UnauthorizedException` with a
   * `WWW-Authenticate` makes a browser ask for a password.
   *
   * @param request the request of Express or Fastify
   */
  // oxlint-disable-next-line typescript/no-explicit-any -- as in Nest: so that `(request: Request) => …` is taken
  authorize?: ((request: any, action: BoardAction) => boolean | Promise<boolean>) | undefined;

  /**
   * Shows the board to everybody who can reach it. Use it on your own machine, or if something in front of the
   * application keeps strangers out.
   *
   * @default false
   */
  allowUnauthenticated?: boolean | undefined;

  /**
   * With true, users can take locks away from their holders on the page, after a confirmation. The holder notices
   * it at its next extension. Until then two holders may work at the same time.
   *
   * @default false
   */
  allowRelease?: boolean | undefined;

  /**
   * The time between two looks at the nodes while somebody watches the page, in milliseconds, 250 to 60,000. Looks
   * that take more than a tenth of it come less often.
   *
   * @default 1_000
   */
  interval?: number | undefined;

  /**
   * The most locks that are shown, 1 to 10,000.
   *
   * @default 5_000
   */
  limit?: number | undefined;

  /**
   * The heading of the page.
   *
   * @default 'Locks'
   */
  title?: string | undefined;
}

/** Options of {@link RedlockBoardModule}. One of `authorize` and `allowUnauthenticated` is needed. */
export interface RedlockBoardOptions extends RedlockBoardExtras, RedlockBoardSettings {}

/** Options of `RedlockBoardModule.forRootAsync`. */
export interface RedlockBoardAsyncOptions extends RedlockBoardExtras, Pick<ModuleMetadata, 'imports'> {
  /** Returns the other options. It gets the providers that `inject` names. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as in Nest: so that `(config: Config) => …` is taken
  useFactory: (...dependencies: any[]) => RedlockBoardSettings | Promise<RedlockBoardSettings>;
  /** The tokens of the providers that `useFactory` gets. */
  inject?: (InjectionToken | OptionalFactoryDependency)[] | undefined;
  /** Providers that only the options need. */
  extraProviders?: Provider[] | undefined;
}
