import type { Cluster, Redis } from 'ioredis';
import { isCluster } from './break-connection';
import { reasonOfCluster, reasonOfServer } from '../cluster-reasons';
import { Handshake } from './handshake';
import { SentinelReasons } from './sentinel-reasons';

export interface ServerEvents {
  /** A connection to one server is ready; comes before `onUp`. */
  onServerReady(server: Redis): void;
  /** A cluster has told who its masters are now; comes before `onUp`, and every few seconds. */
  onListed(): void;
  onUp(): void;
  onDown(): void;
  onError(error: unknown): void;
}

/** Translates the events of a client that we opened. An 'error' that nobody listens to would be printed or thrown. */
export function watchServers(client: Redis | Cluster, events: ServerEvents): void {
  const handshake = isCluster(client) ? undefined : new Handshake(client);
  const sentinels = isCluster(client) ? undefined : new SentinelReasons(client);
  client.on('error', (error: unknown) => {
    const reason = sentinels === undefined ? reasonOfCluster(error) : sentinels.reasonIn(error);
    if (reason !== undefined) events.onError(reason);
  });
  client.on('close', () => {
    const failure = handshake?.failure;
    if (failure !== undefined) events.onError(failure);
    events.onDown();
  });
  client.on('end', () => {
    events.onDown();
  });
  if (isCluster(client)) watchCluster(client, events);
  else watchSingle(client, events);
}

function watchSingle(client: Redis, events: ServerEvents): void {
  let isDatabaseRefused = false;
  client.on('error', (error: unknown) => {
    isDatabaseRefused ||= commandOf(error) === 'select';
  });
  client.on('connecting', () => {
    isDatabaseRefused = false;
  });
  client.on('ready', () => {
    // ioredis would go on in database 0, where nobody else looks for our locks.
    if (isDatabaseRefused) {
      client.disconnect(true);
      return;
    }
    events.onServerReady(client);
    events.onUp();
  });
}

function watchCluster(cluster: Cluster, events: ServerEvents): void {
  const upIfReady = () => {
    const masters = cluster.nodes('master');
    // A server that cannot be reached leaves the pool, so this does not wait for it for ever.
    const areReady = masters.length > 0 && masters.every(({ status }) => status === 'ready');
    if (cluster.status === 'ready' && areReady) events.onUp();
  };
  cluster.on('node error', (error: unknown, address: unknown) => {
    events.onError(reasonOfServer(error, address));
  });
  cluster.on('ready', upIfReady);
  cluster.on('-node', upIfReady);
  // The only event when a replica that was connected already becomes a master.
  cluster.on('refresh', () => {
    events.onListed();
    upIfReady();
  });
  cluster.on('+node', (server: Redis) => {
    server.on('ready', () => {
      events.onServerReady(server);
      upIfReady();
    });
  });
}

function commandOf(error: unknown): unknown {
  const { command } = error as { command?: { name?: unknown } };
  return command?.name;
}
