import { Inject, Module, type DynamicModule, type OnModuleInit, type Provider } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { refuseBareModule } from '../service/bare-module';
import { LockOptionsError } from '../errors/lock-options.error';
import type {
  RedlockModuleAsyncOptions,
  RedlockModuleExtras,
  RedlockModuleOptions,
} from './redlock-module-options.interface';
import { LOCK_ANSWERS } from './filters/lock-answers';
import { LOCK_SERVICE_FACTORY, REDLOCK_MODULE_NUMBER, REDLOCK_MODULE_OPTIONS } from './redlock.constants';
import { createAsyncOptionsProviders, createServiceProviders, readAsyncOptions } from './redlock.providers';
import { noteGlobalModule } from '../service/copies';
import { lockServicesOfCopies } from './lock-services-of-copies';
import { noteConnection } from '../calls/not-bound';
import { checkServiceName, getLockServiceToken } from '../service/lock-service-token';

/**
 * Provides the lock service of an application, and gives it to the `@Locked` methods of its providers and
 * controllers.
 *
 * Import it once, in the root module. If there are several, all but one have a `name`.
 */
@Module({})
export class RedlockModule implements OnModuleInit {
  /** @internal */
  constructor(@Inject(ModulesContainer) private readonly modules: ModulesContainer) {}

  /**
   * Fails if the class itself was imported, without lock nodes. It adds nothing to an application that has the
   * module elsewhere.
   *
   * @internal
   */
  onModuleInit(): void {
    refuseBareModule(
      this.modules,
      LOCK_SERVICE_FACTORY,
      'RedlockModule',
      'is imported without its options, so nothing could be locked. Import RedlockModule.forRoot({ nodes: [...] }).',
    );
  }

  /**
   * @throws LockOptionsError at once for a value that is no object, and when the application starts, with the
   *   option's name
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
    // A factory provides the options: a value would show its passwords to all code that prints the module.
    return createModule({ isGlobal, name }, [
      { provide: REDLOCK_MODULE_OPTIONS, useFactory: () => moduleOptions },
    ]);
  }

  /**
   * Registers the module with options that come from other providers. It takes exactly one of `useFactory`,
   * `useClass` and `useExisting`.
   *
   * @throws LockOptionsError at once for impossible options: none of them, several, or other options
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

/** How many modules were made in this process. */
let modulesMade = 0;

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
  if (name === undefined && isGlobal) noteGlobalModule();
  let providers: Provider[] = [
    // Nest 10 takes dynamic modules for one if they look alike, and options that a factory provides are not looked at.
    { provide: REDLOCK_MODULE_NUMBER, useValue: (modulesMade += 1) },
    ...optionsProviders,
    ...createServiceProviders(name),
  ];
  const common = { module: RedlockModule, global: isGlobal, imports };
  if (name !== undefined) return { ...common, providers, exports: [getLockServiceToken(name)] };
  // Filters that an application lists itself, as on gateways, take the answers of the module without a name.
  let exported: NonNullable<DynamicModule['exports']> = [getLockServiceToken(), LOCK_ANSWERS];
  const added = new Set<unknown>();
  const addCopies = (): void => {
    for (const provider of lockServicesOfCopies()) {
      if (added.has(provider.provide)) continue;
      added.add(provider.provide);
      providers.push(provider);
      exported.push(provider.provide);
    }
  };
  return {
    ...common,
    // Nest reads the two lists when the application is made. By then all copies of the library are loaded.
    // An application may put other lists in their place.
    get providers() {
      addCopies();
      return providers;
    },
    set providers(list) {
      providers = [...list];
    },
    get exports() {
      addCopies();
      return exported;
    },
    set exports(list) {
      exported = [...list];
    },
  };
}
