import { ensurePrograms, findProgram } from './programs.mjs';

/** Finds the path of redis-server, or undefined. */
export function findRedisServer() {
  return findProgram('redis-server');
}

/** Installs redis-server, if that asks no questions. `{ ok, problem }` */
export function ensureRedisServer() {
  return ensurePrograms({ 'redis-server': { apt: 'redis-server', brew: 'redis' } });
}
