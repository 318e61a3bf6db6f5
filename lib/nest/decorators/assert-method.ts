import { LockOptionsError } from '../../errors/lock-options.error';

export interface MethodDescriptor extends PropertyDescriptor {
  value: (this: object, ...args: unknown[]) => unknown;
}

/**
 * Checks that a decorator stands on a method of instances.
 *
 * @param decorator for people: `@Locked`
 * @throws LockOptionsError on anything else
 */
export function assertMethod(
  decorator: string,
  target: object,
  propertyKey: string | symbol,
  descriptor: PropertyDescriptor | undefined,
): asserts descriptor is MethodDescriptor {
  if ((propertyKey as unknown) === undefined) {
    const { name } = target as { name: string };
    throw new LockOptionsError(
      decorator,
      `stands on the class ${name}. Put it on each method that it is meant for.`,
    );
  }
  const name = methodName(target, propertyKey);
  if (typeof target === 'function') {
    throw new LockOptionsError(
      decorator,
      `${name} is static, and a class has no lock service. Make it a method of an injectable class.`,
    );
  }
  if (typeof descriptor?.value !== 'function') {
    throw new LockOptionsError(
      decorator,
      `${name} is not a method. Write it as "async ${String(propertyKey)}() { … }".`,
    );
  }
}

/** The method for people: `Class.method`. */
export function methodName(target: object, propertyKey: string | symbol): string {
  const type = typeof target === 'function' ? target : target.constructor;
  return `${type.name}.${String(propertyKey)}`;
}
