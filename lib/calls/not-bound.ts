import { LockNotBoundError } from '../errors/lock-not-bound.error';
import { isKnownConnection } from './known-connections';

/** Explains why the object of a call has no lock service. */
export function notBound(
  { name, prototype }: { readonly name: string; readonly prototype: object | undefined },
  connection: string | undefined,
  instance: object | undefined,
): LockNotBoundError {
  const isDetached =
    instance === undefined ||
    prototype === undefined ||
    !Object.prototype.isPrototypeOf.call(prototype, instance);
  const reason = isDetached ? 'detached' : isKnownConnection(connection) ? 'too-early' : 'no-module';
  return new LockNotBoundError(name, connection, reason);
}
