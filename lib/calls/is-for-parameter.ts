import type { Lock } from '../locking/api/lock.interface';

/** The lock that a parameter of a method asks for. */
export interface WantedLock {
  /** Only a lock with this resource. */
  readonly resource: string | undefined;
  /** Only a lock of this service. */
  readonly connection: string | undefined;
}

/** Tells if a lock of that service fits the parameter. */
export function isForParameter(
  { resource, connection }: WantedLock,
  lock: Lock,
  lockConnection: string | undefined,
): boolean {
  return (
    (connection === undefined || connection === lockConnection) &&
    (resource === undefined || lock.resources.includes(resource))
  );
}
