import type { Lock } from '../locking/api/lock.interface';
import type { LockParameter } from '../nest/parameters/lock-parameters';

/** Whether a lock of that service is what the parameter is for. */
export function isForParameter(
  { resource, connection }: Pick<LockParameter, 'resource' | 'connection'>,
  lock: Lock,
  lockConnection: string | undefined,
): boolean {
  return (
    (connection === undefined || connection === lockConnection) &&
    (resource === undefined || lock.resources.includes(resource))
  );
}
