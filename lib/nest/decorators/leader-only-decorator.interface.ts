import type {
  Mismatch,
  NoProperty,
  NotStatic,
  StandardMethodContext,
} from '../../calls/locked-decorator.interface';

/**
 * The decorator that `LeaderOnly` returns. It accepts methods that return a promise, and whose result may be
 * undefined.
 */
export interface LeaderOnlyDecorator {
  <T extends object, M extends AnyMethod>(
    target: T & NotStatic<T>,
    propertyKey: string | symbol,
    descriptor: TypedPropertyDescriptor<M> & FitsLeader<ReturnType<M>>,
  ): void;

  <M extends AnyMethod>(method: M & FitsLeader<ReturnType<M>>, context: StandardMethodContext): void;

  /** Only `applyDecorators` of Nest uses this form. */
  <T extends object>(target: T & NoProperty<T>, propertyKey: string | symbol): void;
}

type AnyMethod = (...args: never[]) => unknown;

type FitsLeader<R> =
  R extends Promise<infer V>
    ? undefined extends V
      ? unknown
      : Mismatch<'in a process that does not lead, the method returns undefined: declare it to return Promise<… | undefined>'>
    : Mismatch<'a method that runs in the leader alone returns a promise: write it as async'>;
