import { Inject, Injectable, Optional, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, ModuleRef, ModulesContainer } from '@nestjs/core';
import { LockNotBoundError } from './errors/lock-not-bound.error';
import { LockService } from './lock.service';
import { bindLockService, boundLockService } from './utils/lock-service-binding';
import { getLockServiceToken } from './utils/lock-service-token';
import { lockedMethodsOf, type LockedMethod } from './utils/locked-methods';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];
type HostModule = NonNullable<Wrapper['host']>;

/** Applications that one of their RedlockModules has explored; the others have nothing left to do. */
const explored = new WeakSet<ModulesContainer>();

/**
 * Binds the objects with `@Locked` methods that Nest did not make itself (`useFactory`, `useValue`), and fails the
 * start of the application where such an object would be left without its lock service.
 */
@Injectable()
export class LockedExplorer implements OnModuleInit {
  constructor(
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
  ) {}

  async onModuleInit(): Promise<void> {
    if (explored.has(this.modules)) return;
    explored.add(this.modules);
    for (const wrapper of [...this.discovery.getControllers(), ...this.discovery.getProviders()]) {
      await this.explore(wrapper);
    }
  }

  private async explore(wrapper: Wrapper): Promise<void> {
    const { host } = wrapper;
    const prototype = prototypeOf(wrapper);
    if (prototype === null || host === undefined) return;
    for (const method of lockedMethodsOf(prototype)) {
      if (isPerRequest(wrapper)) await requireService(host, prototype, method);
      else await bind(host, wrapper.instance as object, method);
    }
  }
}

async function bind(host: HostModule, instance: object, method: LockedMethod): Promise<void> {
  if (boundLockService(instance, method.connection) !== undefined) return;
  const service = await requireService(host, instance, method);
  bindLockService(instance, service, method.connection);
}

async function requireService(host: HostModule, owner: object, method: LockedMethod): Promise<LockService> {
  const service = await visibleService(host, method.connection);
  if (service !== undefined) return service;
  throw new LockNotBoundError(`${owner.constructor.name}.${method.name}`, method.connection);
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

/** Null for what cannot have locked methods. Asks the object for nothing: it may be a proxy or a mock. */
function prototypeOf(wrapper: Wrapper): object | null {
  if (isPerRequest(wrapper)) {
    return wrapper.isFactory ? null : ((wrapper.metatype?.prototype as object | undefined) ?? null);
  }
  const instance: unknown = wrapper.instance;
  return typeof instance === 'object' && instance !== null
    ? (Object.getPrototypeOf(instance) as object | null)
    : null;
}

/** Its instances come later, one per request or per user; Nest binds those that it makes of a class. */
function isPerRequest(wrapper: Wrapper): boolean {
  return wrapper.isTransient || !wrapper.isDependencyTreeStatic();
}
