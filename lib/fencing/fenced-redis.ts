import { LockOptionsError } from '../errors/lock-options.error';
import { type Fenceable, fenceOf } from './fence';
import { type FencedVerb, runFenced, type ScriptClient } from './fenced-script';
import { StaleFenceError } from './stale-fence.error';

/** How a fenced value is kept. */
export interface FencedOptions {
  /**
   * For how many milliseconds the fence is remembered at least; always for as long as the value is there. A holder that
   * writes later than that, and finds neither, is not refused.
   *
   * @default 86_400_000 (24 hours)
   */
  keepFence?: number;
}

export interface FencedSetOptions extends FencedOptions {
  /**
   * How long the value lasts, in milliseconds.
   *
   * @default Infinity
   */
  ttl?: number;
}

const DAY_MS = 86_400_000;

/**
 * Writes `value` to `key`, unless a later holder of the lock has been there. The value is a plain string that anybody
 * may `GET`; the fence is kept in a key beside it, in the same slot of a Redis Cluster.
 *
 * @throws StaleFenceError when a later holder has written, read or deleted it; nothing was changed
 * @throws LockOptionsError for a lock without a fencing token, and for options that cannot be meant
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
  const { ttl = Infinity } = options;
  const ttlMs = ttl === Infinity ? undefined : checkMs('ttl', ttl);
  await fenced(redis, key, lock, options, { verb: 'set', value, ttlMs });
}

/**
 * Reads `key` for the holder of the lock; null when there is nothing. From then on the writes of earlier holders are
 * refused: what was read is what there is until this holder writes, or a later one.
 *
 * Whoever only looks, without a lock, does so with a plain `GET`.
 *
 * @throws StaleFenceError when a later holder has been there: what it would read is not for this one to change
 */
export function fencedGet(
  redis: ScriptClient,
  key: string,
  lock: Fenceable,
  options: FencedOptions = {},
): Promise<string | null> {
  return fenced(redis, key, lock, options, { verb: 'get' });
}

/**
 * Deletes `key`, and remembers by whom, so that no earlier holder brings it back.
 *
 * @returns whether there was something
 * @throws StaleFenceError when a later holder has been there; nothing was changed
 */
export async function fencedDelete(
  redis: ScriptClient,
  key: string,
  lock: Fenceable,
  options: FencedOptions = {},
): Promise<boolean> {
  return (await fenced(redis, key, lock, options, { verb: 'delete' })) !== null;
}

async function fenced(
  redis: ScriptClient,
  key: string,
  lock: Fenceable,
  { keepFence = DAY_MS }: FencedOptions,
  what: FencedVerb,
): Promise<string | null> {
  const fence = fenceOf(lock);
  const keepMs = checkMs('keepFence', keepFence);
  const reply = await runFenced(redis, key, fence, { ...what, keepMs });
  if ('value' in reply) return reply.value;
  throw new StaleFenceError({ resources: lock.resources, token: fence.token, newerToken: reply.stale });
}

export function checkMs(option: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
  throw new LockOptionsError(option, 'must be a whole number of milliseconds above 0.');
}
