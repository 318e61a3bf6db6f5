import type { Lock } from '../locking/api/lock.interface';

/** Which lock a parameter of a method is for. */
export interface WantedLock {
  /** Only a lock that has it. */
  readonly resource: string | undefined;
  /** Only a lock of that service. */
  readonly connection: string | undefined;
}

/** Whether a lock of that service is what the parameter is for. */
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
