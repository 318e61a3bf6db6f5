import type { Cluster, Redis } from 'ioredis';
import type { Clock, Timer } from '../core/clock.interface';

const RETRY_AFTER_END_MS = 1_000;

/**
 * Connects again after ioredis gave up. Only a connector can make it do so, for which it has no strategy to ask.
 *
 * @returns stops it
 */
export function reconnectAfterEnd(client: Redis | Cluster, clock: Clock): () => void {
  let timer: Timer | undefined;
  let isStopped = false;
  const retry = () => {
    if (client.status === 'end') client.connect().catch(ignore);
  };
  client.on('end', () => {
    if (!isStopped) timer = clock.schedule(RETRY_AFTER_END_MS, retry, { background: true });
  });
  return () => {
    isStopped = true;
    timer?.cancel();
  };
}

function ignore(): void {
  // The 'error' event tells.
}
