import { LockOptionsError } from '../errors/lock-options.error';
import { readOptions } from '../errors/read-options';
import { type Fenceable, fenceOf } from './fence';
import { type FencedVerb, runFenced, type ScriptClient } from './fenced-script';
import { StaleFenceError } from './stale-fence.error';

/** Options for keeping a fenced value. */
export interface FencedOptions {
  /**
   * The least time in milliseconds for which the fence is kept. It is always kept for as long as the value. A
   * holder that writes after both have ended is not refused.
   *
   * @default 86_400_000 (24 hours)
   */
  keepFence?: number | undefined;
}

export interface FencedSetOptions extends FencedOptions {
  /**
   * The time in milliseconds after which the value ends.
   *
   * @default Infinity
   */
  ttl?: number | undefined;
}

const DAY_MS = 86_400_000;

const OF_ALL = ['keepFence'] satisfies (keyof FencedOptions)[];
const OF_SET = ['ttl', 'keepFence'] satisfies (keyof FencedSetOptions)[];
const PLACE = {
  name: 'options',
  what: ', such as { keepFence: 60_000 }',
  each: 'an option of a fenced value',
};

/**
 * Writes `value` to `key`, unless a later holder of the lock has been there. The value is a plain string that
 * anybody may `GET`. The fence is in another key, in the same slot of a Redis Cluster.
 *
 * @throws StaleFenceError if a later holder has written, read or deleted the value; nothing was changed
 * @throws LockOptionsError for a lock without a fencing token, and for impossible options
 * @example
 * await locks.withLock('cart:7', { fencing: true }, async (lock) => {
 *   const cart = await fencedGet(redis, 'cart:7', lock);
 *   await fencedSet(redis, 'cart:7', addTo(cart), lock);
 * });
 */
export async function fencedSet(
  redis: ScriptClient,
  key: string,
  value: string | number,
  lock: Fenceable,
  options: FencedSetOptions = {},
): Promise<void> {
  const { ttl = Infinity, keepFence } = readOptions(options, OF_SET, PLACE);
  checkValue(value);
  const ttlMs = ttl === Infinity ? undefined : checkMs('ttl', ttl);
  await fenced(redis, key, lock, { verb: 'set', value, ttlMs }, keepFence);
}

/**
 * Reads `key` for the holder of the lock; null if there is no value. From then on, writes of earlier holders are
 * refused. So the value stays as it was read until this holder or a later one writes.
 *
 * Code that only reads, without a lock, uses a plain `GET`.
 *
 * @throws StaleFenceError if a later holder has been there: this holder must not change what that one wrote
 */
export async function fencedGet(
  redis: ScriptClient,
  key: string,
  lock: Fenceable,
  options: FencedOptions = {},
): Promise<string | null> {
  const { keepFence } = readOptions(options, OF_ALL, PLACE);
  return fenced(redis, key, lock, { verb: 'get' }, keepFence);
}

/**
 * Deletes `key` and keeps the fence, so that no earlier holder writes the value again.
 *
 * @returns true if there was a value
 * @throws StaleFenceError if a later holder has been there; nothing was changed
 */
export async function fencedDelete(
  redis: ScriptClient,
  key: string,
  lock: Fenceable,
  options: FencedOptions = {},
): Promise<boolean> {
  const { keepFence } = readOptions(options, OF_ALL, PLACE);
  return (await fenced(redis, key, lock, { verb: 'delete' }, keepFence)) !== null;
}

async function fenced(
  redis: ScriptClient,
  key: string,
  lock: Fenceable,
  what: FencedVerb,
  keepFence: unknown = DAY_MS,
): Promise<string | null> {
  checkPlace(redis, key);
  const fence = fenceOf(lock);
  const keepMs = checkMs('keepFence', keepFence);
  const reply = await runFenced(redis, key, fence, { ...what, keepMs });
  if ('value' in reply) return reply.value;
  throw new StaleFenceError({ resources: lock.resources, token: fence.token, newerToken: reply.stale });
}

/** Redis would take the text of anything, such as that of a value that is undefined. */
function checkPlace(redis: unknown, key: unknown): void {
  checkClient(redis);
  if (typeof key !== 'string' || key === '')
    throw new LockOptionsError('key', 'must be the name of a key: a text that is not empty.');
}

function checkValue(value: unknown): void {
  if (typeof value === 'string' || Number.isFinite(value)) return;
  throw new LockOptionsError('value', 'must be a text or a number. Use JSON.stringify for an object.');
}

/** @throws LockOptionsError */
export function checkClient(redis: unknown): void {
  if (typeof (redis as Partial<ScriptClient> | null | undefined)?.evalsha === 'function') return;
  throw new LockOptionsError('redis', 'must be a client of ioredis, such as new Redis(url).');
}

export function checkMs(option: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
  throw new LockOptionsError(option, 'must be a whole number of milliseconds above 0.');
}
