import { LUA_MODES } from './batch-codes';
import { KEEP_ONE } from './keep-all';
import { COUNTERS, script, TIME } from './lua-script';
import { MEMBERS } from './set-pieces';

const { exclusive, limited } = LUA_MODES;

/** The body of {@link EXTEND_SET}, as a function of its keys and arguments. */
export const EXTEND_MEMBERS = `
${KEEP_ONE}
local function extendMembers(KEYS, ARGV)
local modes, token, ending, slots = ARGV[1], ARGV[2], ARGV[4], slotsIn(ARGV[6])
local nowMs = readMs()
local untilMs = nowMs + tonumber(ARGV[3])

-- Looks at an exclusive resource: it is ours, we take it over, or it is missing. Nil: somebody else has it.
local function lookAtOwner(kind, owner)
  if kind == 'none' then return { owner = false, isMissing = true } end
  if kind ~= 'owner' or (owner ~= token and (ending == '' or owner ~= ending)) then return nil end
  return { owner = owner }
end

-- Looks at a resource of readers or permits. Nil: somebody else has one of our slots, or the key is of another kind (R25).
local function lookAtMembers(kind, last, key, mode)
  if kind == 'unknown' or kind == 'owner' then return nil end
  local found = { last = last, added = {}, ended = {} }
  found.members = membersOf(mode, slots, token)
  local inherited = membersOf(mode, slots, ending)
  local taken
  for n, member in ipairs(found.members) do
    if last and redis.call('ZSCORE', key, member) then
      found.isOurs = true
    elseif last and ending ~= '' and redis.call('ZSCORE', key, inherited[n]) then
      found.ended[#found.ended + 1] = inherited[n]
    else
      if last and mode == ${limited} then
        taken = taken or permitsAt(key)
        if not taken or taken[slots[n]] then return nil end
      end
      found.isMissing = true
      found.added[#found.added + 1] = member
    end
  end
  return found
end

-- Look at every key before any is written: if somebody else has a part of the lock, it is lost, and nothing is changed. The
-- limit and the line are not looked at, since they take nothing from a holder.
local found, reply = {}, 1
for i = 1, #KEYS do
  local mode = string.sub(modes, i, i)
  local kind, what = lookAt(KEYS[i], nowMs)
  found[i] = mode == ${exclusive} and lookAtOwner(kind, what) or mode ~= ${exclusive} and lookAtMembers(kind, what, KEYS[i], mode) or nil
  if not found[i] then return 0 end
  if found[i].isMissing then
    if ARGV[5] == '1' then return 0 end
    -- It counts as a vote only from the next round on: another owner may have had the key and released it in between.
    reply = 2
  end
end

-- Never shorten: a later extension may have come first, and the holder counts on its ttl.
for i = 1, #KEYS do
  local one, key = found[i], KEYS[i]
  if one.members then
    local scored = {}
    for n, member in ipairs(one.members) do scored[2 * n - 1], scored[2 * n] = digits(untilMs), member end
    redis.call('ZADD', key, 'GT', unpack(scored))
    if not one.last or one.last < untilMs then expireAt(key, untilMs, one.added) end
    if #one.ended > 0 then
      redis.call('ZREM', key, unpack(one.ended))
      expireAt(key, tonumber(redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')[2]), {})
    end
  else
    keepOne(key, one.owner, token, ending ~= '' and ending, ARGV[3])
  end
end
return reply
end
`;

/**
 * Extends readers, permits, and the exclusive resources of the same lock.
 *
 * - KEYS: the resources
 * - ARGV: 1 a letter per resource (x exclusive, s shared, p permits of the only one), 2 owner token, 3 ttl in ms,
 *   4 the owner token of a lease that this one takes over ('': none), 5 '1' if missing members must not be put
 *   back, 6 the slots
 * - Reply: 1 extended; 2 extended, and what was missing was put back; 0 nothing was changed, since somebody else
 *   has some of it, or it is missing and must not be put back
 */
export const EXTEND_SET = script(`
${TIME}
${MEMBERS}
${EXTEND_MEMBERS}
return extendMembers(KEYS, ARGV)
`);

/**
 * Raises the fencing counter of a resource if it is lower than a number (R35).
 *
 * - KEYS: the resource, and its counter
 * - ARGV: 1 owner token, 2 the number, 3 the time in ms for which to keep the counter, 4 the slots that are held
 * - Reply: 1 done; 0 nothing was changed, since the token does not have all of these slots
 */
export const RAISE_PERMITS = script(`
${TIME}
${COUNTERS}
${MEMBERS}
if lookAt(KEYS[1], readMs()) ~= 'members' then return 0 end
for _, member in ipairs(membersOf(${limited}, slotsIn(ARGV[4]), ARGV[1])) do
  if not redis.call('ZSCORE', KEYS[1], member) then return 0 end
end
raise(KEYS[2], ARGV[2], ARGV[3])
return 1
`);
