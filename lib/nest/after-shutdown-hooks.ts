import type { ModulesContainer } from '@nestjs/core';

interface ShutdownHook {
  onApplicationShutdown?: (signal?: string) => unknown;
}

/**
 * Calls `then` at the end of a shutdown, when the hooks of all modules are done. Nest calls the hooks module by
 * module, in an order that depends on imports, `isGlobal` and its version. In each module, the hook of its class
 * comes last. So every such hook is wrapped, and the last one that is called runs `then`.
 *
 * Before Nest 12, a hook that fails ends the shutdown: Nest calls no other hook, and `then` may never be called.
 *
 * @param modules the modules of an application. The module that calls this is among them, so that there is a last
 *   one
 */
export function afterShutdownHooks(modules: ModulesContainer, then: () => Promise<void>): void {
  const instances = new Set<ShutdownHook>();
  for (const { providers, metatype } of modules.values()) {
    const host = providers.get(metatype);
    const instance = host?.instance as ShutdownHook | null | undefined;
    // Nest calls no hook of a class that is made again for each request.
    if (instance && host?.isDependencyTreeStatic() === true) instances.add(instance);
  }
  let left = instances.size;
  for (const instance of instances) {
    wrapHook(instance, async () => {
      left -= 1;
      if (left === 0) await then();
    });
  }
}

function wrapHook(instance: ShutdownHook, then: () => Promise<void>): void {
  const own = Object.getOwnPropertyDescriptor(instance, 'onApplicationShutdown');
  const hook = async (signal?: string) => {
    if (own === undefined) delete instance.onApplicationShutdown;
    else Object.defineProperty(instance, 'onApplicationShutdown', own);
    try {
      await instance.onApplicationShutdown?.(signal);
    } finally {
      await then();
    }
  };
  Object.defineProperty(instance, 'onApplicationShutdown', {
    configurable: true,
    writable: true,
    value: hook,
  });
}
