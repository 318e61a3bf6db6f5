import type { RedisOptions } from './ioredis';
import { foreignClient } from './is-client';
import { checkCredentials } from './redis-credentials';
import type { Refuse } from './redis-url';

/**
 * Names that other Redis clients use for options of ioredis. ioredis would ignore them, and connect to localhost.
 */
const FOREIGN_NAMES = [
  ...['url', 'uri', 'socket', 'nodes', 'database', 'connection', 'hostname', 'hosts', 'address', 'addresses'],
  ...[
    'endpoint',
    'server',
    'servers',
    'rootNodes',
    'sentinelRootNodes',
    'redis',
    'redisOptions',
    'options',
    'config',
  ],
];

const REMEDY = 'Write a URL, an object of ioredis options, a client of ioredis, or a LockNode.';

/** Returns a copy of `given` if it can be options of ioredis. `{}` and `{ db: 1 }` can: they mean localhost:6379. */
export function checkRedisOptions(given: unknown, refuse: Refuse): RedisOptions {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    if (given === undefined)
      refuse(`is undefined, as a variable of the environment is that is not set. ${REMEDY}`);
    return refuse(
      `is ${given === null ? 'null' : Array.isArray(given) ? 'an array' : `of type ${typeof given}`}. ${REMEDY}`,
    );
  }
  const client = foreignClient(given);
  if (client !== undefined) refuse(`is ${client}, which cannot be used here. ${REMEDY}`);
  if (isUrlObject(given)) refuse('is a URL object. Give its text: `url.href`.');
  const foreign = FOREIGN_NAMES.find((name) => name in given);
  if (foreign !== undefined) {
    refuse(`has \`${foreign}\`, which is no option of ioredis. Write the URL itself, or { host, port, db }.`);
  }
  checkCredentials(given, refuse);
  const options: RedisOptions = { ...given };
  checkPlace(options, given, refuse);
  checkShownNames(options, refuse);
  return options;
}

/** Tells if the object comes from `new URL(…)`, or from the older `url.parse(…)`. */
function isUrlObject(given: object): boolean {
  const { href, protocol } = given as { href?: unknown; protocol?: unknown };
  return typeof href === 'string' && typeof protocol === 'string';
}

/**
 * Refuses a prefix of keys. Also refuses values with a password in an option that is shown, by us or by a server.
 */
export function checkShownNames(options: RedisOptions, refuse: Refuse): void {
  checkKeyPrefix(options, refuse);
  checkServer(options, refuse);
  checkSentinels(options, refuse);
  checkNatMap(options, refuse);
  if (isSet(options.db) && !isWholeNumber(options.db))
    refuse('has a `db` that is not a whole number from 0.');
  // Redis names the user in its error when a right is missing.
  for (const name of ['username', 'sentinelUsername'] as const) {
    if (hasCredentials(options[name]))
      refuse(`has a \`${name}\` that is no user name, but a URL or a part of one.`);
  }
}

/**
 * Refuses a prefix of keys, since we write whole keys. If we ignored a prefix silently, locks would be where the
 * user does not look for them, or may not write. And the nodes could have different prefixes.
 */
function checkKeyPrefix({ keyPrefix }: RedisOptions, refuse: Refuse): void {
  if (!isSet(keyPrefix) || keyPrefix === '') return;
  refuse(
    'has a `keyPrefix` of ioredis, which does not apply to locks. To place them below it, set `keyPrefix` of the lock ' +
      "service, such as 'mine:lock:'; to leave them at 'lock:', give a client without one: " +
      "client.duplicate({ keyPrefix: '' }).",
  );
}

/**
 * Refuses options that name no place. ioredis would connect to localhost, where few users want their locks.
 * Options that contain nothing about a place are accepted.
 */
function checkPlace(options: RedisOptions, given: object, refuse: Refuse): void {
  const { host, port, path, sentinels } = options;
  if (isSet(path) || isSet(sentinels)) return;
  refuseUnsetHost(options, refuse);
  if (isSet(host) || isSet(port)) return;
  const prototype = Object.getPrototypeOf(given) as object | null;
  // This does not compare with Object.prototype, which is another object in another realm.
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  if (!isPlain || !Object.keys(given).every((name) => OPTIONS_WITHOUT_PLACE.has(name))) {
    refuse(
      'does not say where the server is. Write { host, port }, { path } of a unix socket, or { sentinels, name }. Only {}, or nothing but options of ioredis, means localhost:6379.',
    );
  }
}

/** Refuses the host of a variable that is not set, also as text. ioredis would connect to localhost, or to no host at all. */
function refuseUnsetHost(server: { host?: unknown }, refuse: Refuse): void {
  const { host } = server;
  if (host !== 'undefined' && (!('host' in server) || isSet(host))) return;
  refuse(
    'has a `host` that is undefined or null, as a variable of the environment is that is not set. Write the host, or leave `host` out to mean localhost.',
  );
}

export function checkServer({ host, port, path }: RedisOptions, refuse: Refuse): void {
  if (isSet(host) && !isHost(host))
    refuse('has a `host` that is not a host name. Write a URL as the entry itself.');
  if (isSet(port) && !isPort(port)) refuse('has a `port` that is not a whole number from 1 to 65535.');
  if (isSet(path) && (typeof path !== 'string' || path === '' || hasCredentials(path))) {
    refuse('has a `path` that is not the path of a unix socket.');
  }
}

function checkSentinels({ sentinels, name }: RedisOptions, refuse: Refuse): void {
  if (!isSet(sentinels)) return;
  if (!Array.isArray(sentinels) || sentinels.length === 0)
    refuse('has `sentinels` that are not a list of addresses.');
  if (typeof name !== 'string' || name === '')
    refuse('has `sentinels` but no `name` of the group, such as "mymaster".');
  if (hasCredentials(name)) refuse('has a `name` that is no name of a Sentinel group, such as "mymaster".');
  for (const sentinel of sentinels as unknown[]) {
    if (typeof sentinel !== 'object' || sentinel === null)
      refuse('has a sentinel that is not { host, port }.');
    refuseUnsetHost(sentinel, refuse);
    checkServer(sentinel, refuse);
  }
}

/**
 * Checks the map from addresses that servers name to addresses where they can be reached. It must not be a
 * function, since that would be called too late for a check.
 */
function checkNatMap({ natMap }: RedisOptions, refuse: Refuse): void {
  if (!isSet(natMap) || typeof natMap === 'function') return;
  for (const [from, to] of Object.entries(natMap as Record<string, unknown>)) {
    const { host } = Object(to) as { host?: unknown };
    if (hasCredentials(from) || !isHost(host)) refuse('has a `natMap` with something else than hosts in it.');
  }
}

/**
 * Tells if a value is a URL with a user or password, or the part of one behind the slashes: `user:password@host`.
 */
function hasCredentials(value: unknown): boolean {
  return typeof value === 'string' && (value.includes('://') || /^[^/]*:[^/]*@/.test(value));
}

function isSet<T>(value: T | null | undefined): value is T {
  return value !== undefined && value !== null;
}

/** Tells if a host has only letters, digits and what IPv6 needs. Neither a URL nor a user name has this form. */
function isHost(host: unknown): boolean {
  return typeof host === 'string' && /^[\w.:%-]+$/.test(host);
}

function isPort(port: unknown): boolean {
  return isWholeNumber(port) && Number(port) >= 1 && Number(port) <= 65_535;
}

/** ioredis accepts digits in a string too. */
function isWholeNumber(value: unknown): boolean {
  return typeof value === 'string' ? /^\d+$/.test(value) : Number.isInteger(value) && Number(value) >= 0;
}

/** The options that an object may have and still mean localhost. */
const OPTIONS_WITHOUT_PLACE: ReadonlySet<string> = new Set<keyof RedisOptions>([
  ...(['port', 'family', 'db', 'username', 'password', 'tls', 'connectionName', 'connectTimeout'] as const),
  ...([
    'keepAlive',
    'noDelay',
    'lazyConnect',
    'keyPrefix',
    'enableReadyCheck',
    'enableOfflineQueue',
  ] as const),
  ...([
    'maxRetriesPerRequest',
    'retryStrategy',
    'reconnectOnError',
    'commandTimeout',
    'socketTimeout',
  ] as const),
  ...(['autoResubscribe', 'autoResendUnfulfilledCommands', 'enableAutoPipelining', 'readOnly'] as const),
  ...(['stringNumbers', 'showFriendlyErrorStack', 'disconnectTimeout', 'maxLoadingRetryTime'] as const),
  ...(['disableClientInfo', 'clientInfoTag', 'protocol', 'Connector', 'scripts', 'monitor'] as const),
]);
