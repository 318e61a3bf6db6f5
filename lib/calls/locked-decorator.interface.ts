import type { Observable } from 'rxjs';
import type { LockLostError } from '../errors/lock-lost.error';
import type { LockKeyFunction, LockKeyResult } from '../keys/lock-key.interface';
import type {
  OnBusy,
  OnBusyFunction,
  OnLost,
  OnLostFunction,
  OnUnavailable,
} from './locked-options.interface';
import type { MethodWith, WrongInKey, WrongPath } from '../keys/template-fits';

/** A method that can wait: it returns a promise, an Observable or an async generator. */
export type LockableMethod = (
  ...args: never[]
) => Promise<unknown> | Observable<unknown> | AsyncIterable<unknown>;

/**
 * The decorator that `Locked` returns. It accepts methods whose result can wait, and that fit its key, `onBusy`
 * and `onLost`.
 *
 * With `experimentalDecorators`, which Nest needs, it is such a decorator; without it, a standard one (TC39).
 */
export interface LockedDecorator<K = string, B = OnBusy, L = OnLost, U = OnUnavailable> {
  /** Only `applyDecorators` of Nest uses this form. */
  <T extends object>(target: T & NoProperty<T>, propertyKey: string | symbol): void;

  <M extends MethodWith<K, ReturnType<LockableMethod>>>(
    method: M & Fits<K, B, L, U, ThisParameterType<M>, M>,
    context: StandardMethodContext,
  ): void;

  /**
   * A method of a generic class, whose functions take the constraint of a type parameter: of `Item extends Entity` an
   * `Entity`. The compiler compares by a constraint only where the types of arguments have a name of their own, `A`.
   */
  <
    T extends object & ThisOf<K> & ThisOf<B> & ThisOf<L> & ThisOf<U>,
    M extends MethodWith<K, ReturnType<LockableMethod>>,
    A extends ArgumentsOf<K> & ArgumentsOf<B> & ArgumentsAfterError<L> & ArgumentsOf<U>,
  >(
    target: T & NotStatic<T>,
    propertyKey: string | symbol,
    descriptor: TypedPropertyDescriptor<M> & WithArguments<A> & ResultsFit<K, B, L, U, M>,
  ): void;

  <T extends object, M extends MethodWith<K, ReturnType<LockableMethod>>>(
    target: T & NotStatic<T>,
    propertyKey: string | symbol,
    descriptor: TypedPropertyDescriptor<M> & Fits<K, B, L, U, T, M>,
  ): void;

  // This one accepts no more than the one before it. It is the last, since the compiler tells what does not fit the last
  // of so many, and nothing of the others.
  <T extends object, M extends MethodWith<string, ReturnType<LockableMethod>>>(
    target: T & NotStatic<T>,
    propertyKey: string | symbol,
    descriptor: TypedPropertyDescriptor<M> & HasPropertiesOf<K, M> & Fits<K, B, L, U, T, M>,
  ): void;
}

/** The context of a method that is not static, as `ClassMethodDecoratorContext` of TypeScript 5 and later has it. */
export interface StandardMethodContext {
  readonly kind: 'method';
  readonly name: string | symbol;
  readonly static: false;
}

type Fits<K, B, L, U, T, M extends LockableMethod> = ReturnFits<M> &
  KeyFits<K, T, M> &
  OnBusyFits<B, T, M> &
  OnUnavailableFits<U, T, M> &
  OnLostFits<L, T, M>;

// oxlint-disable-next-line typescript/no-unsafe-function-type -- any class, one with a private constructor too
export type NotStatic<T> = T extends Function
  ? Mismatch<'a class has no lock service: make it a method that is not static'>
  : unknown;

/** True only in `applyDecorators`, which knows nothing of the class. */
export type NoProperty<T> = object extends T
  ? unknown
  : Mismatch<'a property cannot be locked: write it as a method, async name() { … }'>;

/** Names in a compiler error what does not fit. */
export interface Mismatch<Problem extends string> {
  readonly mismatch: Problem;
}

/** Names in a compiler error what does not fit, and the type that it is about. */
export interface MismatchIn<Problem extends string, Type> extends Mismatch<Problem> {
  readonly type?: Type;
}

/** Names the type of an argument, or a member of its union, that lacks a property of a path. */
export type HasPropertiesOf<K, M extends LockableMethod> =
  M extends MethodWith<K, ReturnType<LockableMethod>> ? unknown : NoSuchPath<WrongPath<K, Parameters<M>>>;

type NoSuchPath<Wrong> = [Wrong] extends [never]
  ? Mismatch<'an argument of the method has no property that the key names'>
  : Wrong extends readonly [infer Path extends string, infer Type]
    ? MismatchIn<`<${Path}> names a property that this type does not have`, Type>
    : never;

/**
 * Checks that the method's return type needs no more than a locked method returns. For example, a Subject would
 * lose its `next`.
 */
export type ReturnFits<M extends (...args: never[]) => unknown> =
  ReturnType<M> extends Promise<unknown>
    ? unknown
    : ReturnType<M> extends Observable<infer V>
      ? Observable<V> extends ReturnType<M>
        ? unknown
        : Mismatch<'a locked stream is an Observable: declare the method to return that'>
      : // oxlint-disable-next-line typescript/no-explicit-any -- only that it is a generator matters
        AsyncGenerator<any> extends ReturnType<M>
        ? unknown
        : ReturnType<M> extends AsyncIterable<unknown>
          ? Mismatch<'a locked stream is an AsyncGenerator: declare the method to return that'>
          : Mismatch<'a locked method waits for its lock: make it async, or let it return a promise'>;

type KeyFits<K, T, M extends LockableMethod> = [K] extends [LockKeyFunction]
  ? K extends (this: T, ...args: Parameters<M>) => LockKeyResult
    ? unknown
    : Mismatch<'the key function does not take what the method takes'>
  : [WrongInKey<K, Parameters<M>>] extends [never]
    ? unknown
    : Mismatch<`no argument of the method has <${WrongInKey<K, Parameters<M>>}>`>;

/** The value to which a call resolves. For a stream, the values with which it may go on. */
type Outcome<R> =
  R extends Promise<infer V>
    ? R | V
    : R extends Observable<infer V>
      ? R | Promise<R> | V | Promise<V>
      : StreamOutcome<R>;

type StreamOutcome<R> =
  R extends AsyncIterable<infer V> ? AsyncIterable<V> | Promise<AsyncIterable<V>> | V | Promise<V> : never;

type OnBusyFits<B, T, M extends LockableMethod> = [OnBusyFunction] extends [B]
  ? unknown // not given, or not known in detail, as in an options object declared apart
  : B extends 'skip'
    ? ReturnType<M> extends Promise<infer V>
      ? undefined extends V
        ? unknown
        : Mismatch<"onBusy 'skip' resolves to undefined, which the method never does">
      : unknown
    : B extends OnBusyFunction
      ? B extends (this: T, ...args: Parameters<M>) => Outcome<ReturnType<M>>
        ? unknown
        : Mismatch<'onBusy does not take or return what the method does'>
      : unknown;

type OnUnavailableFits<U, T, M extends LockableMethod> = [OnBusyFunction] extends [U]
  ? unknown // as above
  : U extends OnBusyFunction
    ? U extends (this: T, ...args: Parameters<M>) => Outcome<ReturnType<M>>
      ? unknown
      : Mismatch<'onUnavailable does not take or return what the method does'>
    : unknown;

type OnLostFits<L, T, M extends LockableMethod> = [OnLostFunction] extends [L]
  ? unknown // as above
  : L extends OnLostFunction
    ? L extends (this: T, error: LockLostError, ...args: Parameters<M>) => Outcome<ReturnType<M>>
      ? unknown
      : Mismatch<'onLost does not take or return what the method does'>
    : unknown;

type ThisOf<F> = 0 extends 1 & ThisParameterType<F> ? unknown : ThisParameterType<F>;

/**
 * The arguments that the function takes, and more. Where both ask for an argument, `unknown` asks for no more than the other
 * function does, while `any` would take away what that one asks for.
 */
type ArgumentsOf<F> = F extends (...args: infer A) => unknown ? AndMore<A> : unknown[];

type ArgumentsAfterError<F> = F extends (error: LockLostError, ...args: infer A) => unknown
  ? AndMore<A>
  : unknown[];

/** A list with an open end, as of `...ids: string[]`, has all the arguments there are. */
type AndMore<A extends unknown[]> = number extends A['length'] ? A : [...A, ...unknown[]];

// oxlint-disable-next-line typescript/no-explicit-any -- nothing is asked of the result
type WithArguments<A extends readonly unknown[]> = TypedPropertyDescriptor<(...args: A) => any>;

/** What `Fits` checks, but for the arguments of functions. */
type ResultsFit<K, B, L, U, M extends LockableMethod> = ReturnFits<M> &
  ([K] extends [LockKeyFunction] ? unknown : KeyFits<K, unknown, M>) &
  ([B] extends [OnBusyFunction] ? ResultFits<B, M> : OnBusyFits<B, unknown, M>) &
  ResultFits<U, M> &
  ResultFits<L, M>;

type ResultFits<F, M extends LockableMethod> = [OnBusyFunction] extends [F]
  ? unknown // not given
  : F extends (...args: never) => unknown
    ? F extends (...args: never) => Outcome<ReturnType<M>>
      ? unknown
      : never
    : unknown;
