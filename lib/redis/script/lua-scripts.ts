import { TURN } from '../../ports/lock-mode';
import { LUA_VOTES } from './batch-codes';
import { KEEP_ONE } from './keep-one';
import { NUMBER, script, TELL } from './lua-script';
import { FOREIGN, OURS } from './set-pieces';

const { putBack } = LUA_VOTES;

/**
 * Grants all resources of an exclusive lock, or none.
 *
 * - KEYS: the resources; with a fence, then the counter of each
 * - ARGV: 1 owner token, 2 ttl in ms, 3 the owner token of a lease that ends here and counts as free ('': none);
 *   with a fence also 4 the proposal and 5 the most by which it may be wrong, both in microseconds, and 6 the time
 *   in ms for which to keep the counters
 * - Reply to a grant: the node's time in microseconds (0 without a fence); 'OK', or 'REPLACED' if all keys had the
 *   token that ends; with a fence, the number
 * - Reply to a denial: the node's time (0 without a fence); the time in ms for which the longest key in the way is
 *   kept (-1: for ever); its owner ('': it is not a lock). If readers or permits are in the way: always the time,
 *   then the ms, '', and 'shared'
 */
export const ACQUIRE = script(`
${NUMBER}
${OURS}
local count, counters = #KEYS, {}
if ARGV[4] then
  readTime()
  count = #KEYS / 2
  for i = 1, count do counters[i] = KEYS[count + i] end
end

-- Look at every key before any is written. Any key is in the way, whatever its type or owner, since owner tokens are
-- never used twice. Only the token that is replaced is not in the way. If that is the value which keeps a free resource for
-- the line, the key must have an expiry: without one it is not ours.
local taken, replaced = {}, 0
for i = 1, count do
  if ARGV[3] ~= '' and redis.pcall('GET', KEYS[i]) == ARGV[3]
    and (ARGV[3] ~= '${TURN}' or redis.call('PTTL', KEYS[i]) >= 0) then
    replaced = replaced + 1
  elseif redis.call('EXISTS', KEYS[i]) == 1 then
    taken[#taken + 1] = KEYS[i]
  end
end

-- Denied: tell when the last key in the way ends, and who owns it.
if #taken > 0 then
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
    if type(there) == 'table' and longest ~= -1 and redis.pcall('TYPE', taken[i]).ok == 'zset'
      and isOurs(taken[i]) then
      readTime()
      return { digits(now), longest, '', 'shared' }
    end
  end
  -- Owner tokens are shorter than this. A value of another program may have any length.
  return { digits(now), longest, type(owner) == 'string' and string.sub(owner, 1, 200) or '' }
end

-- Granted. A server without memory refuses the first of these writes, so it is still all or nothing.
local fence = ARGV[4] and nextNumber(counters, tonumber(ARGV[4]), tonumber(ARGV[5]))
for i = 1, count do
  redis.call('SET', KEYS[i], ARGV[1], 'PX', ARGV[2])
end
if fence then keepIfNear(counters, fence, tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]) end
return { digits(now), replaced == count and 'REPLACED' or 'OK', fence and digits(fence) }
`);

/**
 * A part of the scripts that compare: the owner at a key. It is false for none, and true for a key that is not a
 * lock.
 */
const OWNER_OF = `
local function ownerOf(key)
  local owner = redis.pcall('GET', key)
  if type(owner) ~= 'table' then return owner end
  -- The key has another type, such as a hash of another program. Any other error is not an answer.
  if string.find(owner.err, 'WRONGTYPE', 1, true) then return true end
  error(owner.err, 0)
end
`;

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
${OWNER_OF}
${KEEP_ONE}
-- Look at every key before any is written: if somebody else has a part of the lock, it is lost, and nothing is changed.
local owners, ending = {}, ARGV[3] ~= '' and ARGV[3]
for i = 1, #KEYS do
  local owner = ownerOf(KEYS[i])
  if owner and owner ~= ARGV[1] and owner ~= ending then return 0 end
  if not owner and ARGV[4] == '1' then return 0 end
  owners[i] = owner
end

local reply = 1
for i = 1, #KEYS do
  if keepOne(KEYS[i], owners[i], ARGV[1], ending, ARGV[2]) == ${putBack} then reply = 2 end
end
return reply
`);

/**
 * Raises the fencing counters that are lower than a number.
 *
 * - KEYS: the resources, then the counter of each
 * - ARGV: 1 owner token, 2 the number, 3 the time in ms for which to keep the counters
 * - Reply: 1 done; 0 nothing was changed, since the token does not hold all resources
 */
export const RAISE_FENCE = script(`
${OWNER_OF}
${NUMBER}
local count = #KEYS / 2
for i = 1, count do
  if ownerOf(KEYS[i]) ~= ARGV[1] then return 0 end
end
for i = count + 1, #KEYS do
  local last = redis.call('GET', KEYS[i])
  if not last or tonumber(last) < tonumber(ARGV[2]) then keepNumber({ KEYS[i] }, tonumber(ARGV[2]), ARGV[3]) end
end
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
-- The usual case: one key, and nobody waits. It ends here, before the functions below are made, since to make a function
-- costs as much as a call.
if #KEYS == 1 and ARGV[2] == '0' and ARGV[3] == '1' and redis.pcall('GET', KEYS[1]) == ARGV[1] then
  local listening = redis.pcall('PUBSUB', 'NUMSUB', ARGV[5])
  if not listening.err and listening[2] == 0 then
    redis.call('DEL', KEYS[1])
    return 1
  end
end
${OWNER_OF}
${TELL}
-- Only keys that are ours are removed.
local released, listening = 0, 0
for i = 1, #KEYS do
  if ownerOf(KEYS[i]) == ARGV[1] then
    if ARGV[2] == '0' then
      redis.call('DEL', KEYS[i])
    else
      redis.call('PEXPIRE', KEYS[i], ARGV[2])
    end
    -- Waiters are told even if the key is kept, since it ends earlier than they know.
    if ARGV[3] ~= '0' then
      local everywhere = ARGV[3] == '2'
      local counts = not everywhere and countListeners({ KEYS[i] }, ARGV[4])
      listening = math.max(listening, tell(KEYS[i], ARGV[1], counts and counts[1], everywhere, ARGV[4]))
    end
    released = released + 1
  end
end
return released == #KEYS and 1 + listening or 0
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
${NUMBER}
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
 * - ARGV: 1 the number of the database; '' if nobody can count the waiters
 * - Reply: for each key nil or the values of {@link INSPECT}; here the third one is the number of processes that
 *   wait (-1: unknown)
 */
export const LIST = script(`
${TELL}
${NUMBER}
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
