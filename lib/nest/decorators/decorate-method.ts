import { injectBinding } from '../../calls/lock-service-binding';
import { registerLockedMethod, type LockedMethod } from '../../calls/locked-methods';
import { methodKind, refuseGenerator, type MethodKind } from '../../calls/method-kind';
import { decorateStandardMethod, type StandardContext } from '../../calls/standard-decorator';
import { keyNamesOf, type KeyNames } from '../parameters/key-names';
import { lockParametersOf, type LockParameter } from '../parameters/lock-parameters';
import { assertMethod, methodName } from './assert-method';

type Method = (this: object, ...args: unknown[]) => unknown;

/** A method that a decorator wraps. Of a standard decorator, the class and its name come with the first object. */
export interface MethodPlace {
  /** The method, for people: `Class.method`. */
  readonly name: string;
  /** Where it stands. */
  readonly prototype: object | undefined;
}

/** What decorators of parameters say of a method. */
export interface DecoratedParameters {
  /** Those that are given the lock, or its signal. */
  readonly locks: readonly LockParameter[];
  /** Those that a key may name. */
  readonly keys: KeyNames;
}

/** A decorator that puts something in the place of methods which needs a lock service. */
export interface MethodDecoration {
  /** For people: `@Locked`. */
  readonly decorator: string;
  /** What the module looks at when the application starts. */
  readonly noted: Omit<LockedMethod, 'key'>;
  readonly wrap: (
    original: Method,
    place: MethodPlace,
    kind: MethodKind,
    parameters: DecoratedParameters,
  ) => Method;
}

/** Makes the decorator: one with `experimentalDecorators`, and a standard one (TC39) without. */
export function decorateMethod({ decorator, noted, wrap }: MethodDecoration) {
  const register = (prototype: object, key: string | symbol, wrapper: object) => {
    injectBinding(prototype, noted.connection);
    registerLockedMethod(prototype, { key, ...noted }, wrapper);
  };
  return (
    target: object,
    keyOrContext: string | symbol | StandardContext,
    descriptor?: PropertyDescriptor,
  ): unknown => {
    if (typeof keyOrContext === 'object') {
      // There are no standard decorators of parameters.
      const none: DecoratedParameters = { locks: [], keys: new Map() };
      const wrapStandard = (original: Method, place: MethodPlace, kind: MethodKind) =>
        wrap(original, place, kind, none);
      return decorateStandardMethod(target, keyOrContext, wrapStandard, register);
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
