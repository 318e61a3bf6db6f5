import { injectBinding } from '../../calls/lock-service-binding';
import { registerLockedMethod, type LockedMethod } from '../../calls/locked-methods';
import { methodKind, refuseGenerator, type MethodKind } from '../../calls/method-kind';
import { decorateStandardMethod, type StandardContext } from '../../calls/standard-decorator';
import { keyNamesOf, type KeyNames } from './key-names';
import { lockParametersOf, type LockParameter } from './lock-parameters';
import { assertMethod, methodName } from './assert-method';

type Method = (this: object, ...args: unknown[]) => unknown;

/**
 * A method that a decorator wraps. With a standard decorator, its class and the name of that are known only with
 * the first object.
 */
export interface MethodPlace {
  /** The name of the method, for people: `Class.method`. */
  readonly name: string;
  /** The prototype of its class. */
  readonly prototype: object | undefined;
}

/** The facts about a method from the decorators of its parameters. */
export interface DecoratedParameters {
  /** The parameters that get the lock, or its signal. */
  readonly locks: readonly LockParameter[];
  /** The parameters that a key may name. */
  readonly keys: KeyNames;
}

/** A decorator that replaces methods and needs a lock service. */
export interface MethodDecoration {
  /** The name of the decorator, for people: `@Locked`. */
  readonly decorator: string;
  /** The facts that the module checks when the application starts. */
  readonly noted: Omit<LockedMethod, 'key' | 'decorator'>;
  readonly wrap: (
    original: Method,
    place: MethodPlace,
    kind: MethodKind,
    parameters: DecoratedParameters,
  ) => Method;
}

/** Makes the decorator. It works with `experimentalDecorators`, and as a standard one (TC39) without. */
export function decorateMethod({ decorator, noted, wrap }: MethodDecoration) {
  const register = (prototype: object, key: string | symbol, wrapper: object) => {
    injectBinding(prototype, noted.connection);
    registerLockedMethod(prototype, { key, decorator, ...noted }, wrapper);
  };
  return (
    target: object,
    keyOrContext: string | symbol | StandardContext,
    descriptor?: PropertyDescriptor,
  ): unknown => {
    if (typeof keyOrContext === 'object') {
      // Standard decorators do not exist for parameters.
      const none: DecoratedParameters = { locks: [], keys: new Map() };
      const wrapStandard = (original: Method, place: MethodPlace, kind: MethodKind) =>
        wrap(original, place, kind, none);
      return decorateStandardMethod(decorator, target, keyOrContext, wrapStandard, register);
    }
    assertMethod(decorator, target, keyOrContext, descriptor);
    const original = descriptor.value;
    const place = { name: methodName(target, keyOrContext), prototype: target };
    refuseGenerator(decorator, place.name, original);
    descriptor.value = wrap(original, place, methodKind(target, keyOrContext, original), {
      locks: lockParametersOf(target, keyOrContext),
      keys: keyNamesOf(target, keyOrContext),
    });
    register(target, keyOrContext, descriptor.value);
    return undefined;
  };
}
