import { Inject, Module, type DynamicModule, type OnModuleInit, type Provider } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { LockOptionsError } from '../errors/lock-options.error';
import type {
  RedlockModuleAsyncOptions,
  RedlockModuleExtras,
  RedlockModuleOptions,
} from './redlock-module-options.interface';
import { LOCK_ANSWERS } from './filters/lock-answers';
import { LOCK_SERVICE_FACTORY, REDLOCK_MODULE_OPTIONS } from './redlock.constants';
import { createAsyncOptionsProviders, createServiceProviders, readAsyncOptions } from './redlock.providers';
import { claimLockServices } from '../calls/copies';
import { checkServiceName } from '../calls/check-placed-options';
import { noteConnection } from '../calls/known-connections';
import { getLockServiceToken } from '../calls/lock-service-token';

/**
 * Gives an application its lock service, and the `@Locked` methods of its providers and controllers theirs.
 *
 * Import it once, in the root module. With several, each but one has a `name`.
 */
@Module({})
export class RedlockModule implements OnModuleInit {
  /** @internal */
  constructor(@Inject(ModulesContainer) private readonly modules: ModulesContainer) {}

  /**
   * The class alone has no lock nodes, and adds nothing to an application that has some elsewhere.
   *
   * @internal
   */
  onModuleInit(): void {
    for (const { providers } of this.modules.values()) if (providers.has(LOCK_SERVICE_FACTORY)) return;
    throw new LockOptionsError(
      'RedlockModule',
      `is imported without its options, so nothing could be locked. Import RedlockModule.forRoot({ nodes: [...] }).`,
    );
  }

  /**
   * @throws LockOptionsError at once for what is no object, and when the application starts, with the option's name
   *
   * @example `RedlockModule.forRoot({ nodes: ['redis://a:6379', 'redis://b:6379', 'redis://c:6379'] })`
   */
  static forRoot(options: RedlockModuleOptions & RedlockModuleExtras): DynamicModule {
    if (typeof (options as unknown) !== 'object' || (options as unknown) === null || Array.isArray(options)) {
      throw new LockOptionsError(
        'options',
        "must be an object with at least `nodes`, as in RedlockModule.forRoot({ nodes: ['redis://a:6379', …] }).",
      );
    }
    const { isGlobal, name, ...moduleOptions } = options;
    // By a factory: a value would show its passwords to whoever prints the module.
    return createModule({ isGlobal, name }, [
      { provide: REDLOCK_MODULE_OPTIONS, useFactory: () => moduleOptions },
    ]);
  }

  /**
   * For options that come from other providers. Takes exactly one of `useFactory`, `useClass` and `useExisting`.
   *
   * @throws LockOptionsError at once for what cannot be meant: none of them, several, or other options
   *
   * @example
   * ```ts
   * RedlockModule.forRootAsync({
   *   imports: [ConfigModule],
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({ nodes: config.getOrThrow('REDIS_NODES').split(',') }),
   * })
   * ```
   */
  static forRootAsync(options: RedlockModuleAsyncOptions): DynamicModule {
    const read = readAsyncOptions(options);
    return createModule(read, createAsyncOptionsProviders(read), read.imports);
  }
}

function createModule(
  { isGlobal = true, name }: RedlockModuleExtras,
  optionsProviders: Provider[],
  imports: DynamicModule['imports'] = [],
): DynamicModule {
  if (typeof (isGlobal as unknown) !== 'boolean') {
    throw new LockOptionsError('isGlobal', 'must be true or false.');
  }
  if (name !== undefined) checkServiceName('name', name);
  noteConnection(name);
  // Users of another copy inject the class that they know.
  const others = name === undefined ? claimLockServices(isGlobal) : [];
  return {
    module: RedlockModule,
    global: isGlobal,
    imports,
    providers: [
      ...optionsProviders,
      ...createServiceProviders(name),
      ...others.map((provide) => ({ provide, useExisting: getLockServiceToken() })),
    ],
    // Filters that name themselves, as on gateways, take the answers of the module without a name.
    exports:
      name === undefined ? [getLockServiceToken(name), LOCK_ANSWERS, ...others] : [getLockServiceToken(name)],
  };
}
