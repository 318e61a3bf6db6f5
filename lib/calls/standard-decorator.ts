import { LockOptionsError } from '../errors/lock-options.error';
import { methodKind, refuseGenerator, type MethodKind } from './method-kind';

type Method = (this: object, ...args: unknown[]) => unknown;

/** The part of a standard decorator's (TC39) context that is used. */
export interface StandardContext {
  readonly kind: string;
  readonly name: string | symbol;
  readonly static: boolean;
  addInitializer(initializer: (this: object) => void): void;
}

/** The place of a method. Its class is known when there is an object of it. */
interface StandardPlace {
  name: string;
  prototype: object | undefined;
}

export type StandardWrap = (original: Method, place: StandardPlace, kind: MethodKind) => Method;

/**
 * Puts a lock on a method without `experimentalDecorators`. Such a decorator does not see the class. So the notes
 * for the class are made when its first object is made.
 *
 * @param decorator for people: `@Locked`
 * @returns the method that replaces the original
 */
export function decorateStandardMethod(
  decorator: string,
  original: object,
  context: StandardContext,
  wrap: StandardWrap,
  register: (prototype: object, key: string | symbol, locked: Method) => void,
): Method {
  const name = String(context.name);
  if (context.kind === 'class')
    throw new LockOptionsError(
      decorator,
      `stands on the class ${name}. Put it on each method that it is meant for.`,
    );
  if (context.kind !== 'method') {
    throw new LockOptionsError(decorator, `${name} is not a method. Write it as "async ${name}() { … }".`);
  }
  if (context.static) {
    throw new LockOptionsError(
      decorator,
      `${name} is static, and a class has no lock service. Make it a method of an injectable class.`,
    );
  }
  refuseGenerator(decorator, name, original);
  const place: StandardPlace = { name, prototype: undefined };
  const locked = wrap(original as Method, place, methodKind(undefined, context.name, original));
  context.addInitializer(function () {
    if (place.prototype !== undefined) return;
    const prototype = declaringPrototype(this, context.name, locked);
    place.prototype = prototype;
    place.name = `${prototype.constructor.name}.${name}`;
    register(prototype, context.name, locked);
  });
  return locked;
}

/**
 * Finds the class that has exactly this method. If a decorator above has wrapped it, this is the last class on the
 * prototype chain that has a method of that name.
 */
function declaringPrototype(instance: object, key: string | symbol, method: Method): object {
  let first = Object.getPrototypeOf(instance) as object;
  for (let at: object | null = first; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const own = Object.getOwnPropertyDescriptor(at, key);
    if (own?.value === method) return at;
    if (own !== undefined) first = at;
  }
  return first;
}
