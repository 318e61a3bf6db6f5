import { Inject, Injectable, Optional, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { LockNotBoundError } from '../errors/lock-not-bound.error';
import { LockService } from '../service/lock.service';
import { checkOptionsWithService } from '../calls/check-placed-options';
import { endlessStream, isSseHandler } from '../calls/endless-streams';
import { bindLockService, boundLockService } from '../calls/lock-service-binding';
import { passHandlerContext } from './handler-context';
import { GATEWAY } from './route-metadata';
import { connectionOfToken, getLockServiceToken, NAMELESS } from '../service/lock-service-token';
import { lockedMethodsOf, type LockedMethod } from '../calls/locked-methods';
import { warnOfUnlockedOverrides } from './unlocked-overrides';
import { warnOnce } from './warn-once';

type HostModule = ModulesContainer extends Map<string, infer M> ? M : never;

/**
 * Binds the objects with `@Locked` methods that Nest did not make itself (`useFactory`, `useValue`). The start of
 * the application fails if such an object would have no lock service, or if its lock service would refuse its
 * options.
 */
@Injectable()
export class LockedExplorer implements OnModuleInit, OnApplicationBootstrap {
  private readonly campaigns: (() => unknown)[] = [];

  constructor(@Inject(ModulesContainer) private readonly modules: ModulesContainer) {
    // At this moment all modules are known. Later, Nest has already read what the routes pass to their handlers.
    for (const { controllers, providers } of modules.values()) {
      for (const { metatype } of controllers.values()) passContexts(metatype);
      for (const { metatype } of providers.values()) if (isGateway(metatype)) passContexts(metatype);
    }
  }

  async onModuleInit(): Promise<void> {
    for (const host of this.modules.values()) {
      const { controllers, providers, injectables, middlewares } = host;
      // The last two lists are guards, pipes, interceptors, filters and middleware that Nest makes where they are
      // used.
      for (const list of [controllers, providers, injectables, middlewares]) {
        for (const { instance } of list.values()) await this.explore(host, instance);
      }
    }
  }

  /**
   * The elections begin here, after the checks: if the start failed after that, the process could lead and do
   * nothing.
   */
  onApplicationBootstrap(): void {
    for (const begin of this.campaigns.splice(0)) begin();
  }

  /**
   * Checks one provider. A class whose instances come later, one per request or per user, has an empty object of
   * that class here. It shows if the module sees the lock service, and Nest binds the instances when it makes
   * them.
   *
   * @param instance nothing is read of it: it may be a proxy or a mock
   */
  private async explore(host: HostModule, instance: unknown): Promise<void> {
    // A factory that runs per request has made nothing yet.
    if (instance === null || instance === undefined) return;
    const methods = lockedMethodsOf(Object.getPrototypeOf(instance) as object | null);
    for (const method of methods) await this.bind(host, instance, method);
    if (methods.length > 0) warnOfUnlockedOverrides(instance, this.modules);
  }

  private async bind(host: HostModule, instance: object, method: LockedMethod): Promise<void> {
    const { connection, key, options, election, decorator } = method;
    const name = `${instance.constructor.name}.${String(key)}`;
    const bound = boundLockService(instance, connection);
    // An object may outlive the application that bound it: one that is given as `useValue` to several, one after another.
    // A mock of a test may not know if it is closed.
    const isUsable = bound !== undefined && (bound as Partial<LockService>).isClosing !== true;
    const service = isUsable ? bound : ((await visibleService(host, connection)) ?? bound);
    if (service === undefined)
      throw new LockNotBoundError(name, connection, { text: this.whyNot(host, connection) });
    if (service !== bound) bindLockService(instance, service, connection);
    checkOptionsWithService(service, options, `${decorator} on ${name}`, method);
    if (election !== undefined) {
      // A mock of a test may have no elections.
      this.campaigns.push(() => (service as Partial<LockService>).election?.(election, options));
    }
    const handler = (Object.getPrototypeOf(instance) as Record<string | symbol, unknown>)[key];
    if (isSseHandler(handler) && (service as Partial<LockService>).isUnbounded?.(options) === true)
      warnOnce(this.modules, endlessStream(name));
  }

  private whyNot(host: HostModule, connection: string | undefined): string {
    const wanted = connection ?? NAMELESS;
    const names = new Set(
      [...this.modules.values()].flatMap((module) => connectionsIn(module.providers.keys())),
    );
    const what =
      connection === undefined
        ? 'a lock service without a name'
        : `a lock service named ${JSON.stringify(connection)}`;
    if (names.has(wanted)) {
      return (
        `its module ${host.metatype.name} does not see ${what}, since that RedlockModule has isGlobal: false. ` +
        `Import it in ${host.metatype.name}, or leave out isGlobal.`
      );
    }
    const others = [...names].map((name) =>
      name === NAMELESS ? 'one without a name' : JSON.stringify(name),
    );
    return (
      `no RedlockModule has ${what}. The known ones are: ${others.join(', ')}. ` +
      'Correct its `connection`, or import another RedlockModule with that `name`.'
    );
  }
}

function isGateway(provided: unknown): boolean {
  return typeof provided === 'function' && Reflect.getMetadata(GATEWAY, provided) === true;
}

/** Makes the locked handlers of a controller or gateway know the request that they answer. */
function passContexts(handlers: unknown): void {
  const { prototype } = (handlers ?? {}) as { prototype?: object };
  if (prototype === undefined) return;
  for (const { key } of lockedMethodsOf(prototype)) passHandlerContext(prototype, key);
}

function connectionsIn(tokens: Iterable<unknown>): string[] {
  return [...tokens].flatMap((token) => connectionOfToken(token) ?? []);
}

/** The service that Nest would inject into a class of that module: Nest itself decides what the module sees. */
async function visibleService(host: HostModule, connection?: string): Promise<LockService | undefined> {
  @Injectable()
  class Probe {
    constructor(@Optional() @Inject(getLockServiceToken(connection)) readonly service?: LockService) {}
  }
  const moduleRef = host.providers.get(ModuleRef)?.instance as ModuleRef;
  return (await moduleRef.create(Probe)).service;
}
