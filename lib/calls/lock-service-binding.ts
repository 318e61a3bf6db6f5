import { Inject, Optional } from '@nestjs/common';
import type { LockService } from '../service/lock.service';
import { LockOptionsError } from '../errors/lock-options.error';
import { checkServiceName } from './check-placed-options';
import { LINE } from './version';
import { getLockServiceToken } from './lock-service-token';
import { shared } from './shared';

/** The services of objects that take no more properties. */
const frozenBindings = shared('frozen bindings', () => new WeakMap<object, Map<symbol, LockService>>());

/**
 * Gives the `@Locked` methods of an object their lock service. Needed for objects that Nest did not make, in scripts
 * and tests; what Nest makes is bound by it.
 *
 * @param instance may be frozen
 * @param name the `connection` of its `@Locked` methods, if they have one
 * @returns the instance
 * @throws LockOptionsError for what is no object, no lock service or no name
 *
 * @example `const orders = bindLockService(new OrderService(), createLockService({ nodes: [new MemoryLockNode()] }));`
 */
export function bindLockService<T extends object>(instance: T, service: LockService, name?: string): T {
  if (!isObject(instance))
    throw new LockOptionsError('instance', 'must be the object with the @Locked methods.');
  if (!isObject(service)) throw new LockOptionsError('service', 'must be a LockService.');
  if (name !== undefined) checkServiceName('name', name);
  const key = bindingKey(name);
  if (Object.isExtensible(instance)) {
    // Not enumerable: the service is no part of what the object shows, compares or serialises.
    Object.defineProperty(instance, key, { value: service, configurable: true, writable: true });
  } else {
    const bindings = frozenBindings.get(instance) ?? new Map<symbol, LockService>();
    frozenBindings.set(instance, bindings.set(key, service));
  }
  return instance;
}

/** The lock service of an object, if it has one. */
export function boundLockService(instance: object, name?: string): LockService | undefined {
  const key = bindingKey(name);
  return (instance as Record<symbol, LockService | undefined>)[key] ?? frozenBindings.get(instance)?.get(key);
}

/**
 * Has Nest bind the instances that it makes of a class and its subclasses, if their module sees the lock service.
 *
 * The property is a setter on the prototype: Nest assigns what it injects, which an object frozen by its own
 * constructor would refuse.
 */
export function injectBinding(prototype: object, name: string | undefined): void {
  const key = bindingKey(name);
  if (key in prototype) return;
  Object.defineProperty(prototype, key, {
    configurable: true,
    get: () => undefined,
    set(this: object, service: LockService) {
      bindLockService(this, service, name);
    },
  });
  Inject(getLockServiceToken(name))(prototype, key);
  Optional()(prototype, key);
}

function isObject(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** One per connection, at which an object has its lock service; the same for all copies that work together. */
function bindingKey(name: string | undefined): symbol {
  return name === undefined ? DEFAULT_KEY : Symbol.for(`${KEY}:${name}`);
}

const KEY = `nestjs-redlock:${LINE}:binding`;
const DEFAULT_KEY = Symbol.for(KEY);
