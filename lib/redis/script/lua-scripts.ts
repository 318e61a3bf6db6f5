import { TURN } from '../../ports/lock-mode';
import { LUA_VOTES } from './batch-codes';
import { KEEP_ONE } from './keep-one';
import { NUMBER, script, TELL } from './lua-script';
import { FOREIGN, OURS } from './set-pieces';

const { putBack } = LUA_VOTES;

/**
 * All or nothing. KEYS: the resources, and with a fence the counter of each. ARGV: owner token, ttl in ms, the owner
 * token of a hold that ends here and counts as free ('': none); and with a fence the proposal, how far it may be off,
 * both in microseconds, and for how many ms to keep the counters.
 * Reply: first the node's time in microseconds, with a fence, else 0. Then of a grant 'OK', or 'REPLACED' when all keys
 * had the token that ends, and with a fence the number; of a denial for how many ms the key in the way that stays longest
 * is kept (-1: for ever), and its owner ('': it is not a lock), and where readers or permits are in the way 'shared' and the
 * time in any case.
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

-- Look at every key before any is written. Whatever is there is in the way, of any type and of any owner: owner
-- tokens are never used twice. But for the one that is replaced; what is kept for those who wait has an expiry.
local taken, replaced = {}, 0
for i = 1, count do
  if ARGV[3] ~= '' and redis.pcall('GET', KEYS[i]) == ARGV[3]
    and (ARGV[3] ~= '${TURN}' or redis.call('PTTL', KEYS[i]) >= 0) then
    replaced = replaced + 1
  elseif redis.call('EXISTS', KEYS[i]) == 1 then
    taken[#taken + 1] = KEYS[i]
  end
end

-- Denied: say when the last key in the way will be gone, and whose it is.
if #taken > 0 then
  local longest, last = 0, taken[1]
  for i = 1, #taken do
    local ttl = redis.call('PTTL', taken[i])
    if ttl == -1 or ttl > longest then longest, last = ttl, taken[i] end
    if ttl == -1 then break end
  end
  -- Readers or permits that are in the way are many: nobody is the owner, and who waits may want to stand in line.
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
  -- Owner tokens are shorter than that; a value of another program has any length.
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

/** Shared by the scripts that compare: the owner at a key, false for none, true for a key that is not a lock. */
const OWNER_OF = `
local function ownerOf(key)
  local owner = redis.pcall('GET', key)
  if type(owner) ~= 'table' then return owner end
  -- A hash, say, of another program: somebody else's. Any other error is not an answer.
  if string.find(owner.err, 'WRONGTYPE', 1, true) then return true end
  error(owner.err, 0)
end
`;

/**
 * Compare and expire, never earlier than it would anyway. KEYS: the resources. ARGV: owner token, ttl in ms, the owner
 * token of a hold that goes over into this one ('': none), and '1' if a missing key must not be put back.
 * Reply: 1 extended, 0 somebody else has a key, or one is missing that must not be put back (nothing was changed), 2 a
 * missing key was put back.
 */
export const EXTEND = script(`
${OWNER_OF}
${KEEP_ONE}
-- Look at every key before any is written: a hold that is partly somebody else's is lost, and is left alone.
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
 * Raises counters that are lower. KEYS: the resources, then the counter of each. ARGV: owner token, the number, and for
 * how many ms to keep the counters.
 * Reply: 1 done, 0 some resource is somebody else's or nobody's (nothing was changed).
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
 * Compare and delete. KEYS: the resources. ARGV: owner token, for how many ms to keep the keys (0: delete), whether to
 * tell those who wait for them (1, in a cluster 2), the number of the database, and the channel that all who wait are
 * subscribed to.
 * Reply: 1 all of them were ours, or 1 more than the number of connections that wait; 0 some were not ours.
 */
export const RELEASE = script(`
-- One key that nobody waits for, as nearly all are: two calls and one look. Functions cost as much to make as calls.
if #KEYS == 1 and ARGV[2] == '0' and ARGV[3] == '1' and redis.pcall('GET', KEYS[1]) == ARGV[1] then
  local listening = redis.pcall('PUBSUB', 'NUMSUB', ARGV[5])
  if not listening.err and listening[2] == 0 then
    redis.call('DEL', KEYS[1])
    return 1
  end
end
${OWNER_OF}
${TELL}
-- Only what is ours goes; whatever else is there stays as it is.
local released, listening = 0, 0
for i = 1, #KEYS do
  if ownerOf(KEYS[i]) == ARGV[1] then
    if ARGV[2] == '0' then
      redis.call('DEL', KEYS[i])
    else
      redis.call('PEXPIRE', KEYS[i], ARGV[2])
    end
    -- Also when it is kept: it ends earlier than they think.
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
 * KEYS: one resource. ARGV: where its line keeps how long entries last; no key of the script, since a user without a right
 * to it may still inspect.
 * Reply: nil; or the owner token and the ttl in ms (-1: for ever), read at the same moment, and how many wait; or for
 * readers and permits '', the ttl of the last of them, how many wait, and the members with the ms at which each ends; and for
 * a key of another program '', its ttl, how many wait, and its type.
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
 * What is at many keys. KEYS: the resources. ARGV: the number of the database; '' where nobody can count who waits.
 * Reply: for each key nil, or its owner, the ttl in ms (-1: for ever), and how many processes wait (-1: not known); for
 * readers and permits '', the ttl of the last of them, how many wait, and the members with the ms at which each ends; and for
 * a key of another program '', its ttl, how many wait, and its type.
 */
export const LIST = script(`
${TELL}
${NUMBER}
${OURS}
${FOREIGN}
local counts = ARGV[1] ~= '' and countListeners(KEYS, ARGV[1])
local found = {}
for i = 1, #KEYS do
  -- It has another type than a value. Any other error is not an answer.
  local owner = redis.pcall('GET', KEYS[i])
  if type(owner) == 'table' and not string.find(owner.err, 'WRONGTYPE', 1, true) then error(owner.err, 0) end
  -- Owner tokens are shorter than that; a value of another program has any length.
  local left, waiting = redis.call('PTTL', KEYS[i]), counts and counts[i] and counts[i][1] or -1
  if type(owner) == 'string' then
    found[i] = { string.sub(owner, 1, 200), left, waiting }
  else
    -- A user without the right to ask for the type: nobody knows what is there.
    local kind = owner and redis.pcall('TYPE', KEYS[i]).ok
    if kind == 'zset' and now == 0 then readTime() end
    local foreign = kind and foreignType(KEYS[i], kind, left, math.floor(now / 1000))
    found[i] = kind and { '', left, waiting, foreign or redis.call('ZRANGE', KEYS[i], 0, -1, 'WITHSCORES') } or false
  end
end
return found
`);
