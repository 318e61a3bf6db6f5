import type { ModulesContainer } from '@nestjs/core';

interface ShutdownHooks {
  onModuleDestroy?: () => unknown;
  beforeApplicationShutdown?: (signal?: string) => unknown;
  onApplicationShutdown?: (signal?: string) => unknown;
}

/**
 * Calls `then` at the end of a shutdown, when the hooks of all modules are done. Nest calls the hooks module by
 * module, in an order that depends on imports, `isGlobal` and its version. In each module, the hook of its class
 * comes last. So every such hook is wrapped, and the last one that is called runs `then`.
 *
 * Nest calls no hook of a module that was loaded lazily. Which modules these are is not known, so the hooks
 * `beforeApplicationShutdown`, which come before, count those whose hooks are called.
 *
 * Call it in `onModuleDestroy`, before the hooks of these two kinds. Before Nest 12, a hook that fails ends the
 * shutdown: Nest calls no other hook, and `then` may never be called. A module that is frozen or sealed has no hook
 * that could be wrapped, so `then` may run before its hook is done.
 *
 * @param modules the modules of an application. The module that calls this is among them, so that there is a last
 *   one
 */
export function afterShutdownHooks(modules: ModulesContainer, then: () => Promise<void>): void {
  const instances = new Set<ShutdownHooks>();
  for (const { providers, metatype } of modules.values()) {
    const host = providers.get(metatype);
    const instance = host?.instance as ShutdownHooks | null | undefined;
    // Nest calls no hook of a class that is made again for each request.
    if (instance && host?.isDependencyTreeStatic() === true) instances.add(instance);
  }
  const left = new Set<ShutdownHooks>();
  for (const instance of instances) {
    const isWrapped = wrapHook(instance, 'onApplicationShutdown', async () => {
      if (left.delete(instance) && left.size === 0) await then();
    });
    if (isWrapped) wrapHook(instance, 'beforeApplicationShutdown', () => left.add(instance));
  }
}

/**
 * Calls `then` when a shutdown begins. A module that was loaded lazily hears of the shutdown only in this way, since
 * Nest calls no hook of it. Nothing happens if Nest has not made its own modules yet: then the application is being
 * started, and the hooks of the caller will be called.
 */
export function atShutdown(modules: ModulesContainer, then: () => void): void {
  for (const { providers, metatype } of modules.values()) {
    if (metatype.name !== OF_NEST) continue;
    const instance = providers.get(metatype)?.instance as ShutdownHooks | null | undefined;
    if (instance) wrapHook(instance, 'onModuleDestroy', then);
  }
}

/** A module that Nest adds to every application. */
const OF_NEST = 'InternalCoreModule';

/** @returns false if the object cannot be changed */
function wrapHook(instance: ShutdownHooks, name: keyof ShutdownHooks, then: () => unknown): boolean {
  const own = Object.getOwnPropertyDescriptor(instance, name);
  const hook = async (signal?: string) => {
    if (own === undefined) Reflect.deleteProperty(instance, name);
    else Object.defineProperty(instance, name, own);
    try {
      await instance[name]?.(signal);
    } finally {
      await then();
    }
  };
  return Reflect.defineProperty(instance, name, { configurable: true, writable: true, value: hook });
}
