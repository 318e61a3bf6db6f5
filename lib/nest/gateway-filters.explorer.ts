import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { isLocked } from '../calls/locked-methods';
import { classOf, type Class } from './class-of';
import { isUnderLock } from './lock-interceptors';
import type { RedlockModuleOptions } from './redlock-module-options.interface';
import { REDLOCK_MODULE_OPTIONS } from './redlock.constants';
import { FILTERS, GATEWAY, GATEWAY_MESSAGE } from './route-metadata';
import { warnOnce } from './warn-once';

/**
 * Warns of gateways with locks and without a filter: Nest uses no application-wide filter there. Its own filter answers
 * every lock error with "Internal server error", and from Nest 11 on it does not log a busy lock.
 */
@Injectable()
export class GatewayFiltersExplorer implements OnModuleInit {
  constructor(
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
    /** A test may have put something else in the place of the options. */
    @Inject(REDLOCK_MODULE_OPTIONS) private readonly options: Partial<RedlockModuleOptions> | undefined,
  ) {}

  onModuleInit(): void {
    if (this.options?.exceptionFilter === false) return;
    for (const { providers } of this.modules.values()) {
      for (const host of providers.values()) {
        const type = classOf(host);
        if (type !== undefined && Reflect.hasMetadata(GATEWAY, type)) this.explore(type);
      }
    }
  }

  private explore(gateway: Class): void {
    if (Reflect.hasMetadata(FILTERS, gateway)) return;
    const { prototype } = gateway;
    const unfiltered = new MetadataScanner().getAllMethodNames(prototype).find((name) => {
      const method = prototype[name] as object;
      if (!Reflect.hasMetadata(GATEWAY_MESSAGE, method) || Reflect.hasMetadata(FILTERS, method)) return false;
      return isLocked(method) || isUnderLock(method) || isUnderLock(gateway);
    });
    if (unfiltered === undefined) return;
    const { name } = gateway as unknown as { name: unknown };
    warnOnce(this.modules, withoutFilter(`${typeof name === 'string' ? name : 'A gateway'}.${unfiltered}`));
  }
}

/** @param method `Class.method` */
const withoutFilter = (method: string): string =>
  `${method} takes a lock, and its gateway has no exception filter: clients hear "Internal server error" when the lock is ` +
  'busy. Nest uses no application-wide filters on gateways. Put @UseFilters(LockExceptionFilter) on the class, or a ' +
  'filter of yours.';
