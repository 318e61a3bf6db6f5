import { Inject, Optional } from '@nestjs/common';
import type { LockService } from '../service/lock.service';
import { LockOptionsError } from '../errors/lock-options.error';
import { LINE } from '../service/version';
import { checkServiceName, getLockServiceToken } from '../service/lock-service-token';
import { shared } from './shared';

/** The services of objects that cannot get more properties. */
const frozenBindings = shared('frozen bindings', () => new WeakMap<object, Map<symbol, LockService>>());

/**
 * Gives the `@Locked` methods of an object their lock service. It is needed for objects that Nest did not make, in
 * scripts and tests. Nest binds the objects that it makes.
 *
 * @param instance may be frozen
 * @param name the `connection` of its `@Locked` methods, if they have one
 * @returns the instance
 * @throws LockOptionsError for a value that is no object, no lock service or no name
 *
 * @example
 *   `const orders = bindLockService(new OrderService(), createLockService({ nodes: [new MemoryLockNode()] }));`
 */
export function bindLockService<T extends object>(instance: T, service: LockService, name?: string): T {
  if (!isObject(instance))
    throw new LockOptionsError('instance', 'must be the object with the @Locked methods.');
  if (!isObject(service)) throw new LockOptionsError('service', 'must be a LockService.');
  if (name !== undefined) checkServiceName('name', name);
  const key = bindingKey(name);
  if (Object.isExtensible(instance)) {
    // The property is not enumerable, so the object does not show, compare or serialise the service.
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
 * Makes Nest bind the instances that it makes of a class and its subclasses, if their module sees the lock
 * service.
 *
 * The property is a setter on the prototype: Nest assigns what it injects, which fails on an object that its own
 * constructor has frozen.
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

/**
 * The property in which an object has its lock service, one per connection. It is the same for all copies of the
 * library that work together.
 */
function bindingKey(name: string | undefined): symbol {
  return name === undefined ? DEFAULT_KEY : Symbol.for(`${KEY}:${name}`);
}

const KEY = `nestjs-redlock:${LINE}:binding`;
const DEFAULT_KEY = Symbol.for(KEY);
