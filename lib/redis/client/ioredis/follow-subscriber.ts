import type { Cluster, Redis } from './ioredis';

/** The part of a cluster that subscribes. ioredis does not make it public. */
interface Subscribing {
  readonly subscriber?: { getInstance(): Redis | null };
}

/**
 * Calls `onAnother` when a cluster subscribes at another server than before. ioredis chooses that server by itself
 * when the connection has ended, subscribes to the same channels there, and tells nobody. What was published in
 * between is lost.
 */
export function followSubscriber(cluster: Cluster, onAnother: () => void): void {
  let followed: Redis | undefined;
  const follow = () => {
    const subscriber = (cluster as unknown as Subscribing).subscriber?.getInstance() ?? undefined;
    if (subscriber === undefined || subscriber === followed) return;
    const isAnother = followed !== undefined;
    followed = subscriber;
    // ioredis listens to the end from the beginning, so it has chosen another one by then.
    subscriber.once('end', follow);
    if (isAnother && cluster.status === 'ready') onAnother();
  };
  cluster.on('ready', follow);
  // After a time without any server: ioredis chooses one when it hears of it.
  cluster.on('+node', () => {
    process.nextTick(follow);
  });
}
