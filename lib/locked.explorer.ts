import { Inject, Injectable, Optional, type OnModuleInit } from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { LockNotBoundError } from './errors/lock-not-bound.error';
import { LockService } from './lock.service';
import { bindLockService, boundLockService } from './utils/lock-service-binding';
import { getLockServiceToken } from './utils/lock-service-token';
import { lockedMethodsOf, type LockedMethod } from './utils/locked-methods';

type HostModule = ModulesContainer extends Map<string, infer M> ? M : never;

/**
 * Binds the objects with `@Locked` methods that Nest did not make itself (`useFactory`, `useValue`), and fails the
 * start of the application where such an object would be left without its lock service.
 */
@Injectable()
export class LockedExplorer implements OnModuleInit {
  constructor(@Inject(ModulesContainer) private readonly modules: ModulesContainer) {}

  async onModuleInit(): Promise<void> {
    for (const host of this.modules.values()) {
      for (const { instance } of [...host.controllers.values(), ...host.providers.values()]) {
        await explore(host, instance);
      }
    }
  }
}

/**
 * A class whose instances come later, one per request or per user, has a stand-in here, an empty object of that class:
 * it tells whether the module sees the lock service, and Nest binds the instances when it makes them.
 *
 * @param instance is asked for nothing: it may be a proxy or a mock
 */
async function explore(host: HostModule, instance: unknown): Promise<void> {
  // A factory that runs per request has made nothing yet.
  if (instance === null || instance === undefined) return;
  for (const method of lockedMethodsOf(Object.getPrototypeOf(instance) as object | null)) {
    await bind(host, instance, method);
  }
}

async function bind(host: HostModule, instance: object, method: LockedMethod): Promise<void> {
  if (boundLockService(instance, method.connection) !== undefined) return;
  const service = await visibleService(host, method.connection);
  if (service === undefined) {
    throw new LockNotBoundError(`${instance.constructor.name}.${method.name}`, method.connection);
  }
  bindLockService(instance, service, method.connection);
}

/** What a class of that module would have injected: Nest itself decides what the module sees. */
async function visibleService(host: HostModule, connection?: string): Promise<LockService | undefined> {
  @Injectable()
  class Probe {
    constructor(@Optional() @Inject(getLockServiceToken(connection)) readonly service?: LockService) {}
  }
  const moduleRef = host.providers.get(ModuleRef)?.instance as ModuleRef;
  return (await moduleRef.create(Probe)).service;
}
