import type { LockKeyFunction, LockKeyResult } from './lock-key.interface';
import type { OnBusy, OnBusyFunction } from './locked-options.interface';

/** A method that can wait: one that returns a promise. */
export type AsyncMethod = (...args: never[]) => Promise<unknown>;

/**
 * The decorator that `Locked` gives, for methods that return a promise and that fit its key and `onBusy`.
 *
 * The descriptor is optional for `applyDecorators` of Nest alone; on anything but a method the decorator throws.
 */
export type LockedDecorator<K = string, B = OnBusy> = <T extends object, M extends AsyncMethod>(
  target: T,
  propertyKey: string | symbol,
  descriptor?: TypedPropertyDescriptor<M> & KeyFits<K, T, M> & OnBusyFits<B, T, M>,
) => void;

/** Says in a compiler error what does not fit. */
interface Mismatch<Problem extends string> {
  readonly mismatch: Problem;
}

type KeyFits<K, T, M extends AsyncMethod> = [K] extends [LockKeyFunction]
  ? K extends (this: T, ...args: Parameters<M>) => LockKeyResult
    ? unknown
    : Mismatch<'the key function does not take what the method takes'>
  : unknown;

type OnBusyFits<B, T, M extends AsyncMethod> = [OnBusyFunction] extends [B]
  ? unknown // not given, or not known in detail, as in an options object declared apart
  : B extends 'skip'
    ? undefined extends Awaited<ReturnType<M>>
      ? unknown
      : Mismatch<"onBusy 'skip' resolves to undefined, which the method never does">
    : B extends OnBusyFunction
      ? B extends (this: T, ...args: Parameters<M>) => ReturnType<M> | Awaited<ReturnType<M>>
        ? unknown
        : Mismatch<'onBusy does not take or return what the method does'>
      : unknown;
