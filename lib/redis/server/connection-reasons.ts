import type { NodeTrouble } from '../../ports/lock-node.interface';
import { RedisNodeError } from '../client/redis-node-error';

export const SILENT = new RedisNodeError('the server does not answer', 'STALLED');

export const FAILED_OVER = new RedisNodeError(
  'the Sentinels have made another server the master',
  'FAILOVER',
);

export const NOT_LISTED = new RedisNodeError(
  'a server answered that has no slots of the Redis Cluster yet',
  'NOT_LISTED',
);

export const NOBODY_KNOWS: NodeTrouble = {
  kind: 'unknown-server',
  message:
    'does not say who it is: INFO is refused, or has no run_id. A restart that forgets locks is not noticed, nor a server that is listed twice. Permit INFO.',
};

export function overloaded(requests: number): RedisNodeError {
  return new RedisNodeError(`${requests} requests wait for an answer already`, 'OVERLOADED');
}
