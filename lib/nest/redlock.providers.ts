import type { Provider } from '@nestjs/common';
import { APP_FILTER, HttpAdapterHost } from '@nestjs/core';
import { openLockService } from '../service/create-lock-service';
import { LockOptionsError } from '../errors/lock-options.error';
import { readOptions } from '../errors/read-options';
import { LockError } from '../errors/lock.error';
import { BypassedInterceptorsExplorer } from './bypassed-interceptors.explorer';
import { EventListenersExplorer } from './event-listeners.explorer';
import { GatewayFiltersExplorer } from './gateway-filters.explorer';
import { makeHttpExceptions } from './filters/http-face';
import { LOCK_ANSWERS, completeAnswers, type CompleteAnswers } from './filters/lock-answers';
import { markWithAnswers } from './filters/lock-error-body';
import { LockExceptionFilter } from './filters/lock-exception.filter';
import { NoExceptionFilter } from './filters/no-exception.filter';
import type {
  RedlockModuleAsyncOptions,
  RedlockModuleExtras,
  RedlockModuleOptions,
  RedlockOptionsFactory,
} from './redlock-module-options.interface';
import { HybridFiltersExplorer } from './hybrid-filters.explorer';
import { LockedExplorer } from './locked.explorer';
import { LOCK_SERVICE_FACTORY, REDLOCK_LOCK_SERVICE, REDLOCK_MODULE_OPTIONS } from './redlock.constants';
import { RedlockLifecycle } from './redlock.lifecycle';
import { SseHandlersExplorer } from './sse-handlers.explorer';
import { getLockServiceToken } from '../service/lock-service-token';

/** The providers that every RedlockModule has, once its options are known. */
export function createServiceProviders(name: string | undefined): Provider[] {
  makeHttpExceptions();
  return [
    { provide: LOCK_SERVICE_FACTORY, useValue: openLockService },
    {
      provide: getLockServiceToken(name),
      useFactory: (options: RedlockModuleOptions, create: typeof openLockService) => {
        checkModuleOptions(options);
        const service = create(options);
        if (options.answers !== undefined) service.onFailure = marker(completeAnswers(options.answers));
        return service;
      },
      inject: [REDLOCK_MODULE_OPTIONS, LOCK_SERVICE_FACTORY],
    },
    {
      provide: LOCK_ANSWERS,
      useFactory: (options: RedlockModuleOptions | undefined) => completeAnswers(options?.answers),
      inject: [REDLOCK_MODULE_OPTIONS],
    },
    { provide: REDLOCK_LOCK_SERVICE, useExisting: getLockServiceToken(name) },
    RedlockLifecycle,
    LockedExplorer,
    EventListenersExplorer,
    SseHandlersExplorer,
    BypassedInterceptorsExplorer,
    GatewayFiltersExplorer,
    HybridFiltersExplorer,
    {
      // Nest needs its filters registered before asynchronous options are known, so the choice is made here.
      provide: APP_FILTER,
      useFactory: (
        options: RedlockModuleOptions | undefined,
        adapterHost: HttpAdapterHost,
        answers: CompleteAnswers,
        hybrid: HybridFiltersExplorer,
      ) =>
        options?.exceptionFilter === false
          ? new NoExceptionFilter()
          : hybrid.watch(new LockExceptionFilter(adapterHost, answers)),
      inject: [REDLOCK_MODULE_OPTIONS, HttpAdapterHost, LOCK_ANSWERS, HybridFiltersExplorer],
    },
  ];
}

/** Notes for errors the answers of the service that they come from. */
function marker(answers: CompleteAnswers): (error: unknown) => never {
  return (error) => {
    if (error instanceof LockError) markWithAnswers(error, answers);
    throw error;
  };
}

/** Checks the options of the module. The lock service checks the rest. */
function checkModuleOptions(options: Partial<RedlockModuleOptions & RedlockModuleExtras> | undefined): void {
  for (const extra of ['name', 'isGlobal'] as const) {
    // These options come too late: the module was registered before its factory was called.
    if (options?.[extra] !== undefined) {
      throw new LockOptionsError(
        extra,
        `must be given beside useFactory, as in forRootAsync({ ${extra}, useFactory }).`,
      );
    }
  }
}

const OF_ASYNC = Object.keys({
  useFactory: true,
  useClass: true,
  useExisting: true,
  inject: true,
  imports: true,
  extraProviders: true,
  isGlobal: true,
  name: true,
} satisfies Record<keyof RedlockModuleAsyncOptions, true>);

/** @throws LockOptionsError for options that cannot work; Nest would report them in other words, or not at all */
export function readAsyncOptions(given: RedlockModuleAsyncOptions): RedlockModuleAsyncOptions {
  const options = readOptions<RedlockModuleAsyncOptions>(given, OF_ASYNC, {
    name: 'options',
    what: ', such as { useFactory: () => ({ nodes }) }',
    each: 'an option of forRootAsync: what belongs to the locks is returned by useFactory',
  });
  const { useFactory, useClass, useExisting } = options;
  checkOneWay({ useFactory, useClass, useExisting });
  if (useFactory !== undefined && typeof (useFactory as unknown) !== 'function')
    throw new LockOptionsError('useFactory', 'must be a function that returns the options.');
  if (useClass !== undefined && typeof (useClass as unknown) !== 'function')
    throw new LockOptionsError('useClass', 'must be a class with a method createRedlockOptions().');
  if (useExisting !== undefined && !isToken(useExisting))
    throw new LockOptionsError('useExisting', 'must be a provider with a method createRedlockOptions().');
  for (const list of ['inject', 'imports', 'extraProviders'] as const) {
    if (options[list] !== undefined && !Array.isArray(options[list]))
      throw new LockOptionsError(list, 'must be an array, or be left out.');
  }
  // An empty list injects nothing. A module that passes on what it was given may have one.
  if (useFactory === undefined && options.inject !== undefined && options.inject.length > 0) {
    throw new LockOptionsError(
      'inject',
      'belongs to useFactory. The constructor of the class says what is injected into it.',
    );
  }
  return options;
}

/** Without types, a provider may have a name for its token. */
function isToken(value: unknown): boolean {
  return ['function', 'string', 'symbol'].includes(typeof value);
}

/** The providers of the options of `forRootAsync`, and those that they need. */
export function createAsyncOptionsProviders(options: RedlockModuleAsyncOptions): Provider[] {
  const { useFactory, useClass, useExisting, inject = [], extraProviders = [] } = options;
  if (useFactory !== undefined) {
    return [...extraProviders, { provide: REDLOCK_MODULE_OPTIONS, useFactory, inject }];
  }
  const factoryClass = (useClass ?? useExisting) as NonNullable<typeof useClass>;
  return [
    ...extraProviders,
    ...(useClass === undefined ? [] : [useClass]),
    {
      provide: REDLOCK_MODULE_OPTIONS,
      useFactory: (factory: Partial<RedlockOptionsFactory> | null | undefined) => {
        if (typeof factory?.createRedlockOptions === 'function') return factory.createRedlockOptions();
        throw new LockOptionsError(
          useClass === undefined ? 'useExisting' : 'useClass',
          'must have a method createRedlockOptions() that returns the options.',
        );
      },
      inject: [factoryClass],
    },
  ];
}

function checkOneWay(ways: Record<string, unknown>): void {
  const names = Object.keys(ways);
  const given = names.filter((name) => ways[name] !== undefined);
  if (given.length === 1) return;
  throw new LockOptionsError(
    given.length === 0 ? names.join(', ') : given.join(', '),
    `forRootAsync takes exactly one of ${names.join(', ')}, but has ${given.length === 0 ? 'none' : given.length}.`,
  );
}
