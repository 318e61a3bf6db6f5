import type { InfoLines } from '../../redis/server/info-lines';
import type { NodeFinding } from './finding';
import type { ServerFacts } from './node-facts';

/** A finding warns from this share of the permitted connections. Each process brings two connections at once. */
const NEARLY_ALL = 0.8;
/** One connection for requests, and one that hears of releases. */
const PER_PROCESS = 2;

/** Reports how many more processes the server has room for. */
export function clientsFinding(info: InfoLines): NodeFinding {
  const check = 'clients';
  const [clients, limit] = [Number(info.connected_clients ?? NaN), Number(info.maxclients ?? NaN)];
  if (Number.isNaN(clients) || Number.isNaN(limit))
    return { level: 'unknown', check, message: 'cannot tell how many connections there are' };
  // The limit counts all of these together.
  const used = clients + Number(info.connected_slaves ?? 0) + Number(info.cluster_connections ?? 0);
  const message = `${used} of ${limit} connections in use (${Math.round((100 * used) / limit)} %)`;
  if (used < NEARLY_ALL * limit) return { level: 'ok', check, message };
  const processes = Math.max(0, Math.floor((limit - used) / PER_PROCESS));
  return {
    level: processes === 0 ? 'error' : 'warn',
    check,
    message,
    meaning: `each process needs two, so there is room for ${processes} more; further ones get no vote from it, or hear of no releases`,
    fix: 'CONFIG SET maxclients <number> (and the same in redis.conf, with enough open files for it)',
  };
}

/**
 * Reports if other programs have keys on the server, by the server's own counts. All keys of this library have an
 * expiry. Other keys with an expiry cannot be told from locks without a walk through all keys.
 */
export function sharedFinding({ info, database }: ServerFacts): NodeFinding {
  const check = 'shared';
  const others = Object.entries(info ?? {}).flatMap(([name, counts]) => {
    const [, number] = /^db(\d+)$/.exec(name) ?? [];
    const [, keys = 0, expiring = 0] = /^keys=(\d+),expires=(\d+)/.exec(counts ?? '') ?? [];
    const isOurs = Number(number) === database;
    const count = isOurs ? Number(keys) - Number(expiring) : Number(keys);
    if (number === undefined || count <= 0) return [];
    return [`${keysOf(count)} ${isOurs ? 'without an expiry ' : ''}in database ${number}`];
  });
  if (others.length === 0)
    return { level: 'ok', check, message: 'no keys that certainly belong to other programs' };
  return {
    level: 'warn',
    check,
    message: `shared with other programs: ${others.join(', ')}`,
    meaning:
      'a server runs one command at a time, and has one memory: their slow commands delay votes, and their data can fill it',
    fix: 'use a server for locks alone; else watch SLOWLOG GET and its memory',
  };
}

function keysOf(count: number): string {
  return count === 1 ? '1 key' : `${count} keys`;
}
