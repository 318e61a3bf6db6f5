import { LockOptionsError } from '../errors/lock-options.error';

/** The kind of value that a locked method returns. It must be known before the method has run. */
export type MethodKind = 'promise' | 'observable' | 'async-generator';

/**
 * Finds the kind from the function itself, else from the return type that TypeScript writes with
 * `emitDecoratorMetadata`. A method counts as one that returns a promise if that is missing, if its return type is
 * not written, and with a standard decorator, which has no class (`target`).
 */
export function methodKind(
  target: object | undefined,
  propertyKey: string | symbol,
  method: object,
): MethodKind {
  switch (Object.prototype.toString.call(method)) {
    case '[object AsyncGeneratorFunction]':
      return 'async-generator';
    case '[object AsyncFunction]':
      return 'promise';
    default:
      return target !== undefined &&
        isObservableClass(Reflect.getMetadata('design:returntype', target, propertyKey))
        ? 'observable'
        : 'promise';
  }
}

/**
 * Refuses a generator: it runs when it is read, and its reader does not wait for a lock.
 *
 * @param decorator for people: `@Locked`
 * @throws LockOptionsError
 */
export function refuseGenerator(decorator: string, name: string, method: object): void {
  if (Object.prototype.toString.call(method) !== '[object GeneratorFunction]') return;
  throw new LockOptionsError(
    decorator,
    `${name} is a generator, whose readers cannot wait for a lock. Make it an async generator: "async *".`,
  );
}

/** Looks at the methods of the class and not at its identity, since an application may have RxJS more than once. */
function isObservableClass(type: unknown): boolean {
  const { prototype } = (type ?? {}) as { prototype?: { subscribe?: unknown; pipe?: unknown } };
  return typeof prototype?.subscribe === 'function' && typeof prototype.pipe === 'function';
}
