import type { RedisPlace } from '../redis-node-description.interface';
import type { RedisOptions } from './ioredis';

export interface HostAndPort {
  readonly host?: string | null;
  readonly port?: number | string | null;
}

export function placeOf(options: RedisOptions): RedisPlace {
  const { name, address } = placeOfServer(options);
  return { name: options.db ? `${name}/${options.db}` : name, address };
}

export function placeOfCluster(startupNodes: readonly HostAndPort[]): RedisPlace {
  const addresses = startupNodes.map(addressOf).sort();
  const [first] = startupNodes;
  return {
    name: first === undefined ? 'cluster' : `cluster:${nameOf(first)}`,
    address: `cluster:${addresses.join(',')}`,
  };
}

/** Looks at the options in the same order as ioredis. */
function placeOfServer(options: RedisOptions): RedisPlace {
  if (options.sentinels) {
    const group = `sentinel:${String(options.name)}`;
    const sentinels = options.sentinels.map(({ host, port }) => ({ host, port: port ?? 26_379 }));
    // Most groups are called "mymaster", so only their Sentinels tell several groups apart.
    const [first] = sentinels;
    return {
      name: first === undefined ? group : `${group}@${nameOf(first)}`,
      address: `${group}@${sentinels.map(addressOf).sort().join(',')}`,
    };
  }
  if (options.path) return { name: options.path, address: options.path };
  return { name: nameOf(options), address: addressOf(options) };
}

function nameOf({ host, port }: HostAndPort): string {
  const shown = host ?? 'localhost';
  return `${shown.includes(':') ? `[${shown}]` : shown}:${port ?? 6379}`;
}

function addressOf({ host, port }: HostAndPort): string {
  const known = (host ?? 'localhost').toLowerCase();
  return nameOf({ host: LOOPBACK.has(known) ? 'localhost' : known, port });
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1']);
