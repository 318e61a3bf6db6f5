import { besideKey } from '../redis/script/beside-key';
import { type LuaScript, script } from '../redis/script/lua-script';
import type { Fence } from './fence';

/** The part of an ioredis client (`Redis` or `Cluster`) that is used. */
export interface ScriptClient {
  readonly options?: { readonly keyPrefix?: string | undefined };
  evalsha(sha: string, keyCount: number, ...keysAndArguments: (string | number)[]): Promise<unknown>;
  eval(text: string, keyCount: number, ...keysAndArguments: (string | number)[]): Promise<unknown>;
}

/** The verbs of the script with their arguments. */
export type FencedVerb =
  | { readonly verb: 'claim' | 'get' | 'delete' }
  | { readonly verb: 'set'; readonly value: string | number; readonly ttlMs: number | undefined };

/** The reply of the script: `stale` with the token that was in the way, else the value from before. */
export type FencedReply = { readonly stale: number } | { readonly value: string | null };

/**
 * Compares the fence with the last one, keeps it, and runs the verb, in one step.
 *
 * - KEYS: the value, and the key of its fence
 * - ARGV: 1 token, 2 owner, 3 the least time in ms for which to keep the fence, 4 the verb; for set also 5 the
 *   value and 6 its ttl in ms (0: for ever)
 * - Reply: 0 and the token that is in the way; or 1 and the value from before
 */
const FENCED: LuaScript = script(`
local last = redis.call('HMGET', KEYS[2], 'token', 'owner')
local token, lastToken = tonumber(ARGV[1]), tonumber(last[1] or '0')
if lastToken > token or (lastToken == token and last[2] ~= ARGV[2]) then return { 0, last[1] } end

-- Read before anything is written: of a value that is none, the fence stays as it is.
local value = false
if ARGV[4] ~= 'claim' then value = redis.call('GET', KEYS[1]) end
redis.call('HSET', KEYS[2], 'token', ARGV[1], 'owner', ARGV[2])
if ARGV[4] == 'delete' then
  redis.call('DEL', KEYS[1])
elseif ARGV[4] == 'set' then
  if ARGV[6] == '0' then redis.call('SET', KEYS[1], ARGV[5]) else redis.call('SET', KEYS[1], ARGV[5], 'PX', ARGV[6]) end
end

-- The fence stays for as long as the value, so that a value never stands without it.
local left = ARGV[4] == 'claim' and -2 or redis.call('PTTL', KEYS[1])
if left == -1 then
  redis.call('PERSIST', KEYS[2])
else
  redis.call('PEXPIRE', KEYS[2], math.max(left, tonumber(ARGV[3])))
end
return { 1, value }
`);

export async function runFenced(
  redis: ScriptClient,
  key: string,
  { token, owner }: Fence,
  request: FencedVerb & { readonly keepMs: number },
): Promise<FencedReply> {
  const keys = [key, besideKey('fenced', key, redis.options?.keyPrefix)];
  const ofSet = request.verb === 'set' ? [request.value, request.ttlMs ?? 0] : [];
  const args = [token, owner, request.keepMs, request.verb, ...ofSet];
  const [isDone, answer] = (await run(redis, [...keys, ...args])) as [number, string | null];
  return isDone === 1 ? { value: answer } : { stale: Number(answer) };
}

/** Runs the script by its hash, which is short. A server that does not know it yet gets its text. */
async function run(redis: ScriptClient, keysAndArguments: (string | number)[]): Promise<unknown> {
  try {
    return await redis.evalsha(FENCED.sha, 2, ...keysAndArguments);
  } catch (error) {
    if (!/^NOSCRIPT/.test((error as Error).message)) throw error;
    return redis.eval(FENCED.text, 2, ...keysAndArguments);
  }
}
