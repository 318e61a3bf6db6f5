import { LUA_VOTES } from './batch-codes';
import { GRANT_ALL } from './grant-all';
import { KEEP_ALL } from './keep-all';
import { COUNTERS, FENCE, script, TELL, TIME } from './lua-script';
import { IS_HEARD, releaseOurs } from './release-ours';
import { FOREIGN, OURS } from './set-pieces';

const { granted, replaced, denied, putBack } = LUA_VOTES;

/**
 * Grants all resources of an exclusive lock, or none.
 *
 * - KEYS: the resources; with a fence, then the counter of each
 * - ARGV: 1 owner token, 2 ttl in ms, 3 the owner token of a lease that ends here and counts as free ('': none), 4
 *   '1' if the caller waits; with a fence also 5 the proposal and 6 the most by which it may be wrong, both in
 *   microseconds, and 7 the time in ms for which to keep the counters
 * - Reply to a grant: the node's time in microseconds (0 without a fence); 'OK', or 'REPLACED' if all keys had the
 *   token that ends; with a fence, the number
 * - Reply to a denial: the node's time (0 without a fence); the time in ms for which the longest key in the way is
 *   kept (-1: for ever); its owner ('': it is not a lock). If readers or permits are in the way: always the time,
 *   then the ms, '', and 'shared'
 */
export const ACQUIRE = script(`
${TIME}
${COUNTERS}
${FENCE}
${GRANT_ALL}
local count, fence = #KEYS, nil
if ARGV[5] then
  readTime()
  count = #KEYS / 2
  fence = { counters = {}, proposal = tonumber(ARGV[5]), skew = tonumber(ARGV[6]), keepMs = ARGV[7] }
  for i = 1, count do fence.counters[i] = KEYS[count + i] end
end
local vote, taken = grantAll(1, count, ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1', fence)
if vote ~= ${denied} then
  return { digits(now), vote == ${replaced} and 'REPLACED' or 'OK', fence and digits(fence.number) }
end

-- Denied: tell when the last key in the way ends, and who owns it.
${OURS}
local longest, last = 0, taken[1]
for i = 1, #taken do
  local ttl = redis.call('PTTL', taken[i])
  if ttl == -1 or ttl > longest then longest, last = ttl, taken[i] end
  if ttl == -1 then break end
end
-- Readers and permit holders are many, so no owner is told. The waiter may want to stand in line, so the time is told.
local owner
for i = 1, #taken do
  local there = redis.pcall('GET', taken[i])
  if taken[i] == last then owner = there end
  if type(there) == 'table' and longest ~= -1 and redis.pcall('TYPE', taken[i]).ok == 'zset' and isOurs(taken[i]) then
    readTime()
    return { digits(now), longest, '', 'shared' }
  end
end
-- Owner tokens are shorter than this. A value of another program may have any length.
return { digits(now), longest, type(owner) == 'string' and string.sub(owner, 1, 200) or '' }
`);

/**
 * Extends all resources of an exclusive lock. No key ends earlier than it would anyway.
 *
 * - KEYS: the resources
 * - ARGV: 1 owner token, 2 ttl in ms, 3 the owner token of a lease that this one takes over ('': none), 4 '1' if a
 *   missing key must not be put back
 * - Reply: 1 extended; 2 extended, and a missing key was put back; 0 nothing was changed, since somebody else has
 *   a key, or a missing key must not be put back
 */
export const EXTEND = script(`
${KEEP_ALL}
local ending = ARGV[3] ~= '' and ARGV[3] or nil
local vote = keepAll(1, #KEYS, ARGV[1], ending, ARGV[2], ARGV[4] ~= '1')
return vote == ${granted} and 1 or vote == ${putBack} and 2 or 0
`);

/**
 * Raises the fencing counters that are lower than a number.
 *
 * - KEYS: the resources, then the counter of each
 * - ARGV: 1 owner token, 2 the number, 3 the time in ms for which to keep the counters
 * - Reply: 1 done; 0 nothing was changed, since the token does not hold all resources
 */
export const RAISE_FENCE = script(`
${TIME}
${COUNTERS}
local count = #KEYS / 2
for _, owner in ipairs(count > 0 and redis.call('MGET', unpack(KEYS, 1, count)) or {}) do
  if owner ~= ARGV[1] then return 0 end
end
for i = count + 1, #KEYS do raise(KEYS[i], ARGV[2], ARGV[3]) end
return 1
`);

/**
 * Removes the resources of an exclusive lock that still have its owner token.
 *
 * - KEYS: the resources
 * - ARGV: 1 owner token, 2 the time in ms for which to keep the keys (0: remove them), 3 who is told (0 nobody, 1
 *   the waiters, 2 the waiters, in a cluster), 4 the number of the database, 5 the channel of all waiters
 * - Reply: 1 all of them were ours and nobody waits; 1 + n all were ours and n connections wait; 0 some were not
 *   ours
 */
export const RELEASE = script(`
local tells, everywhere, database, everyone = ARGV[3] ~= '0', ARGV[3] == '2', ARGV[4], ARGV[5]
${IS_HEARD}
-- The usual case: one key, and nobody waits.
if not heard and #KEYS == 1 and ARGV[2] == '0' and redis.pcall('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
  return 1
end
local first, last, owners, keepMs = 1, #KEYS, redis.call('MGET', unpack(KEYS)), ARGV[2]
local votes, fault, mostTold = {}, nil, math.huge
${releaseOurs('ARGV[1]', 'tells')}
if fault then error(fault, 0) end
local listening = 0
for i = 1, #KEYS do
  if votes[i] == ${denied} then return 0 end
  if votes[i] ~= ${granted} then listening = math.max(listening, votes[i]) end
end
return 1 + listening
`);

/**
 * Tells who holds one resource.
 *
 * - KEYS: the resource
 * - ARGV: 1 the key where its line keeps the ends of its entries. It is not in KEYS, since a user without the
 *   right to it may inspect all the same
 * - Reply: nil if there is no key; else four values, read at the same moment: the owner token; the ttl in ms (-1:
 *   for ever); the number of callers in line; and, only if the owner token is '', what is there instead: the
 *   members with the ms at which each ends (then the ttl is that of the last one), or the type of a key of another
 *   program
 */
export const INSPECT = script(`
${TIME}
${OURS}
${FOREIGN}
local owner = redis.pcall('GET', KEYS[1])
if not owner then return false end
readTime()
local waiting = redis.pcall('ZCOUNT', ARGV[1], '(' .. digits(math.floor(now / 1000)), '+inf')
if type(waiting) ~= 'number' then waiting = 0 end
local left = redis.call('PTTL', KEYS[1])
if type(owner) ~= 'table' then return { owner, left, waiting } end

-- Any other error is not an answer.
if not string.find(owner.err, 'WRONGTYPE', 1, true) then return redis.error_reply(owner.err) end
local foreign = foreignType(KEYS[1], redis.call('TYPE', KEYS[1]).ok, left, math.floor(now / 1000))
return { '', left, waiting, foreign or redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES') }
`);

/**
 * Tells who holds many resources.
 *
 * - KEYS: the resources
 * - ARGV: 1 the number of the database; '' if nobody can count the waiters; then for each resource the key with the
 *   ends of the entries of its line, as in {@link INSPECT}
 * - Reply: for each key nil or the values of {@link INSPECT}; here the third one is the number of processes that
 *   wait (-1: unknown)
 */
export const LIST = script(`
${TELL}
${TIME}
${OURS}
${FOREIGN}
local counts = ARGV[1] ~= '' and countListeners(KEYS, ARGV[1])
local found = {}
for i = 1, #KEYS do
  -- WRONGTYPE means that the key is no string. Any other error is not an answer.
  local owner = redis.pcall('GET', KEYS[i])
  if type(owner) == 'table' and not string.find(owner.err, 'WRONGTYPE', 1, true) then error(owner.err, 0) end
  -- Owner tokens are shorter than this. A value of another program may have any length.
  local left, waiting = redis.call('PTTL', KEYS[i]), counts and counts[i] and counts[i][1] or -1
  -- Callers in line listen on other channels, so they are counted in the line.
  local inLine = redis.pcall('ZCARD', ARGV[i + 1])
  if type(inLine) == 'number' and inLine > waiting then
    if now == 0 then readTime() end
    inLine = redis.pcall('ZCOUNT', ARGV[i + 1], '(' .. digits(math.floor(now / 1000)), '+inf')
    if type(inLine) == 'number' then waiting = math.max(waiting, inLine) end
  end
  if type(owner) == 'string' then
    found[i] = { string.sub(owner, 1, 200), left, waiting }
  else
    -- A user without the right to ask for the type cannot know what is there.
    local kind = owner and redis.pcall('TYPE', KEYS[i]).ok
    if kind == 'zset' and now == 0 then readTime() end
    local foreign = kind and foreignType(KEYS[i], kind, left, math.floor(now / 1000))
    found[i] = kind and { '', left, waiting, foreign or redis.call('ZRANGE', KEYS[i], 0, -1, 'WITHSCORES') } or false
  end
end
return found
`);
