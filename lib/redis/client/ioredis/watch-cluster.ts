import type { Server, ServerEvents } from '../server-client.interface';
import { reasonOfCluster, reasonOfServer } from './cluster-reasons';
import type { Cluster, Redis } from './ioredis';
import { onReady } from './on-ready';

/** Translates the events of a cluster that we opened. The cluster is up when all of its masters are. */
export function watchCluster(
  cluster: Cluster,
  serverOf: (redis: Redis) => Server,
  events: ServerEvents,
): void {
  const upIfReady = () => {
    const masters = cluster.nodes('master');
    // A server that cannot be reached leaves the pool, so this does not wait for it for ever.
    const areReady = masters.length > 0 && masters.every(({ status }) => status === 'ready');
    if (cluster.status === 'ready' && areReady) events.onUp();
  };
  cluster.on('error', (error: unknown) => {
    const reason = reasonOfCluster(error);
    if (reason !== undefined) events.onError(reason);
  });
  cluster.on('node error', (error: unknown, address: unknown) => {
    events.onError(reasonOfServer(error, address));
  });
  cluster.on('close', () => {
    events.onDown();
  });
  cluster.on('end', () => {
    events.onDown();
  });
  cluster.on('ready', upIfReady);
  cluster.on('-node', upIfReady);
  // This is the only event when a replica with a connection becomes a master.
  cluster.on('refresh', () => {
    events.onListed();
    upIfReady();
  });
  cluster.on('+node', (redis: Redis) => {
    onReady(redis, () => {
      events.onServerReady(serverOf(redis));
      upIfReady();
    });
  });
}
