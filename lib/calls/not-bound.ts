import { LockNotBoundError } from '../errors/lock-not-bound.error';

/** The names of the RedlockModules that were made in this process. Undefined stands for the one without a name. */
const known = new Set<string | undefined>();

export function noteConnection(name: string | undefined): void {
  known.add(name);
}

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
  const reason = isDetached ? 'detached' : known.has(connection) ? 'too-early' : 'no-module';
  return new LockNotBoundError(name, connection, reason);
}
