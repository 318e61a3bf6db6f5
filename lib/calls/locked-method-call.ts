import type { LockLostError } from '../errors/lock-lost.error';
import type { LabelFunction, OnBusy, OnLeave, OnLost, OnUnavailable } from './locked-options.interface';
import type { LockTargets } from '../locking/api/lock-target';
import type { LockService, WithLockOptions } from '../service/lock.service';
import type { Lock } from '../locking/api/lock.interface';
import { notBound } from './not-bound';
import { boundLockService } from './lock-service-binding';
import type { AnsweredRequest, LockedCall } from './locked-call';
import type { MethodCall } from '../keys/method-key';
import { whenLeftFor } from './handler-kind';
import type { WhenLeft } from './piped-work';

/** The facts that all calls of one `@Locked` method share. */
export interface LockedPlace {
  /** The name of the method, for people. */
  readonly name: string;
  /** The prototype of its class. Undefined if no object of the class was ever made. */
  readonly prototype: object | undefined;
  readonly resolve: (call: MethodCall) => LockTargets;
  readonly connection: string | undefined;
  readonly lockOptions: WithLockOptions;
  /** Makes the label of a call. */
  readonly label: LabelFunction | undefined;
  /** The option. Undefined: the option of the lock service counts. */
  readonly onBusy: OnBusy | undefined;
  readonly onUnavailable: OnUnavailable | undefined;
  readonly onLost: OnLost;
  readonly onLeave: OnLeave | undefined;
  /** Returns the method as it is called, with the metadata that all decorators put on it. */
  readonly method: () => object;
}

/** One call of a `@Locked` method. */
export class LockedMethodCall implements LockedCall {
  constructor(
    private readonly place: LockedPlace,
    private readonly instance: object | undefined,
    private readonly args: unknown[],
    /** The arguments that Nest has for the handler. They may be more than the handler takes. */
    private readonly handlerArgs: readonly unknown[],
    readonly request: AnsweredRequest | undefined,
  ) {}

  // The method is async, so that every mistake becomes a rejection.
  async withLock<T>(task: (lock: Lock) => Promise<T>, leaving?: AbortSignal): Promise<T> {
    const { instance, args, place } = this;
    const service = instance === undefined ? undefined : boundLockService(instance, place.connection);
    if (instance === undefined || service === undefined) throw notBound(place, place.connection, instance);
    return withPlacedLock(service, place.resolve({ instance, args }), this.lockOptions, task, leaving);
  }

  reenter(lock: Lock): Pick<LockedCall, 'withLock'> {
    const service = boundLockService(this.instance as object, this.place.connection);
    return { withLock: async (task) => service?.reenter(lock, task) as ReturnType<typeof task> };
  }

  get whenLeft(): WhenLeft {
    return this.place.onLeave ?? whenLeftFor(this.place.method(), this.handlerArgs);
  }

  private get lockOptions(): WithLockOptions {
    const { lockOptions, label } = this.place;
    return label === undefined ? lockOptions : labelled(lockOptions, label.apply(this.instance, this.args));
  }

  get onBusy(): LockedCall['onBusy'] {
    const { onBusy, connection } = this.place;
    if (typeof onBusy === 'function') return () => onBusy.apply(this.instance, this.args);
    return onBusy ?? defaultOnBusyOf(this.instance && boundLockService(this.instance, connection));
  }

  get onUnavailable(): LockedCall['onUnavailable'] {
    const { onUnavailable } = this.place;
    return typeof onUnavailable === 'function'
      ? () => onUnavailable.apply(this.instance, this.args)
      : onUnavailable;
  }

  get onLost(): LockedCall['onLost'] {
    const { onLost } = this.place;
    if (typeof onLost !== 'function') return onLost;
    return (error: LockLostError) => onLost.call(this.instance, error, ...this.args);
  }
}

/**
 * Splits the options of a place: those that are the same in every call, and the function that makes the label of a
 * call.
 */
export function splitLabel<F extends (...args: never[]) => string>({
  label,
  ...rest
}: Omit<WithLockOptions, 'label'> & { readonly label?: string | F }): {
  readonly lockOptions: WithLockOptions;
  readonly label: F | undefined;
} {
  if (typeof label === 'function') return { lockOptions: rest, label };
  return { lockOptions: label === undefined ? rest : { ...rest, label }, label: undefined };
}

export function labelled(options: WithLockOptions, label: string | undefined): WithLockOptions {
  return label === undefined ? options : { ...options, label };
}

/** @param service may be a mock with only the members that a test needs */
export function defaultOnBusyOf(service: Partial<LockService> | undefined): LockedCall['onBusy'] {
  return service?.defaultOnBusy ?? 'throw';
}

/**
 * Runs `task` under a lock with the options of a place.
 *
 * @param leaving aborts the waiting too
 */
export function withPlacedLock<T>(
  service: LockService,
  resources: LockTargets,
  options: WithLockOptions,
  task: (lock: Lock) => Promise<T>,
  leaving?: AbortSignal,
): Promise<T> {
  const complete = withSignal(options, leaving);
  // The caller of this function decides the result of a busy lock, since a stream has more than one result.
  if (defaultOnBusyOf(service) !== 'throw')
    return service.withLock(resources, { ...complete, onBusy: 'throw' as const }, task);
  // Options are read and checked at every call. Usually there are none.
  return Object.keys(complete).length === 0
    ? service.withLock(resources, task)
    : (service.withLock(resources, complete, task) as Promise<T>);
}

function withSignal(options: WithLockOptions, leaving: AbortSignal | undefined): WithLockOptions {
  if (leaving === undefined) return options;
  const signal = options.signal === undefined ? leaving : AbortSignal.any([options.signal, leaving]);
  return { ...options, signal };
}
