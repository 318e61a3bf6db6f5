import { TURN } from '../../ports/lock-mode';
import { LUA_MODES } from './batch-codes';
import { script, TELL, TIME } from './lua-script';
import { CALL_IN_TURN, LINE } from './set-line';
import { MEMBERS } from './set-pieces';

const { exclusive, limited } = LUA_MODES;

/**
 * Tells the waiters of a key at which something ended. `most` becomes the largest number of waiters. `nobodyHears`
 * is true if it is known that nobody waits.
 */
const TELL_ONE = `
local everywhere, most = ARGV[3] == '2', 0
local function tellOf(key)
  if ARGV[3] == '0' or (nobodyHears and not everywhere) then return end
  local counts = not everywhere and countListeners({ key }, ARGV[4])
  most = math.max(most, tell(key, ARGV[2], counts and counts[1], everywhere, ARGV[4]))
end
`;

/** The body of {@link RELEASE_SET}, as a function of its keys and arguments. */
export const RELEASE_MEMBERS = `
local function releaseMembers(KEYS, ARGV, everyone)
${TELL_ONE}
local modes, token, keepMs = ARGV[1], ARGV[2], tonumber(ARGV[5])
local count, nowMs = #modes, readMs()

-- The usual case: nobody else has the only resource, and nobody waits for it.
if count == 1 and modes ~= ${exclusive} and keepMs == 0 and redis.pcall('ZCARD', KEYS[1]) == 1
  and (#KEYS == 1 or redis.call('EXISTS', KEYS[2]) == 0) then
  local member = redis.call('ZRANGE', KEYS[1], 0, 0)[1]
  local slot, owner = string.match(member, '^(%d*)|(.*)$')
  local isAll = ARGV[6] == '*' and slot ~= '' or slot == ARGV[6]
  if owner == token and isAll and ARGV[7] == '' then
    redis.call('ZREM', KEYS[1], member)
    tellOf(KEYS[1])
    return 1 + most
  end
end

-- Returns how many were removed, and if a waiter may go on.
local function removeOwner(kind, owner, key)
  if kind ~= 'owner' or owner ~= token then return 0, false end
  if keepMs == 0 then redis.call('DEL', key) else redis.call('PEXPIRE', key, ARGV[5]) end
  return 1, true
end

-- Returns the members of our token, whatever slots they have.
local function allPermits(key)
  local members = {}
  for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do
    if string.match(member, '^%d+|(.*)$') == token then members[#members + 1] = member end
  end
  return members
end

-- Removes members, and never the whole key (R23). The key expires with the members that are left, which may be earlier than
-- before. Waiters hear only of the last reader, since nobody could go on before that. If another program has members here,
-- only ours are removed, and nothing else changes.
local function removeMembers(kind, what, key, mode)
  local isMixed = kind == 'unknown' and what
  if kind ~= 'members' and not isMixed then return 0, false end
  local members, removed = nil, 0
  if mode == ${limited} and ARGV[6] == '*' then members = allPermits(key) else members = membersOf(mode, slotsIn(ARGV[6]), token) end
  for _, member in ipairs(members) do
    if keepMs == 0 then
      removed = removed + redis.call('ZREM', key, member)
    elseif redis.call('ZSCORE', key, member) then
      redis.call('ZADD', key, digits(nowMs + keepMs), member)
      removed = removed + 1
    end
  end
  if removed == 0 then return 0, false end
  local last = redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')
  if last[2] and not isMixed then expireAt(key, tonumber(last[2]), {}) end
  return removed, mode == ${limited} or redis.call('ZCARD', key) == (keepMs == 0 and 0 or 1)
end

local isWhole = true
for i = 1, count do
  local key, mode = KEYS[i], string.sub(modes, i, i)
  local kind, what = lookAt(key, nowMs)
  local removed, isFreed
  if mode == ${exclusive} then
    removed, isFreed = removeOwner(kind, what, key)
  else
    removed, isFreed = removeMembers(kind, what, key, mode)
  end
  local wanted = mode == ${limited} and ARGV[6] ~= '*' and #slotsIn(ARGV[6]) or 1
  if removed < wanted then isWhole = false end
  if removed > 0 then
    -- The grant that is removed had taken the caller out of the line, so it gets its place back (R30).
    if ARGV[7] ~= '' then
      enter(KEYS[count + i], KEYS[2 * count + i], nameOf(mode, ARGV[7], ARGV[8]), ARGV[9], tonumber(ARGV[10]), nowMs)
    end
    -- The resource is free, and somebody stands in line: newcomers are denied for a moment (R31).
    if ARGV[11] ~= '0' and redis.call('EXISTS', key) == 0
      and standing(KEYS[count + i], KEYS[2 * count + i], nowMs) > 0 then
      -- If the server refuses this, the release is done all the same.
      redis.pcall('SET', key, '${TURN}', 'PX', ARGV[11])
    end
  end
  if isFreed then
    tellOf(key)
    if ARGV[3] ~= '0' and #KEYS > count then
      local gained = mode == ${limited} and removed or math.huge
      callInTurn(key, KEYS[count + i], KEYS[2 * count + i], nowMs, token, gained, false, everyone, ARGV[4])
    end
  end
end
return isWhole and 1 + most or 0
end
`;

/**
 * Removes what an owner token has, for readers, permits, and callers that stood or stand in line.
 *
 * - KEYS: the resources; for a request with a line, then the line of each, and then the key with the ends of its
 *   entries
 * - ARGV of the lock: 1 a letter per resource (x exclusive, s shared, p permits of the only one), 2 owner token, 3
 *   who is told (0 nobody, 1 the waiters, 2 the waiters, in a cluster), 4 the number of the database, 5 the time
 *   in ms for which to keep it (0: remove it), 6 the slots ('*': all of the token)
 * - ARGV of the line: 7 the id that gets its place back ('': nobody), 8 permits, 9 ticket, 10 the time in ms for
 *   which its entry lasts, 11 the time in ms for which a free resource is kept for the line (0: it is not)
 * - ARGV 12: the channel of all waiters. The names of the channels of turns begin with it
 * - Reply: 1 all of it was ours and nobody waits; 1 + n all was ours and n connections wait; 0 some was not ours
 */
export const RELEASE_SET = script(`
${TIME}
${MEMBERS}
${LINE}
${TELL}
${CALL_IN_TURN}
local nobodyHears = false
${RELEASE_MEMBERS}
return releaseMembers(KEYS, ARGV, ARGV[12])
`);

/** The body of {@link LEAVE}, as a function of its keys and arguments. */
export const LEAVE_LINES = `
local function leaveLines(KEYS, ARGV, everyone)
${TELL_ONE}
local count, left = #ARGV[1], 0
for i = 1, count do
  local name = nameOf(string.sub(ARGV[1], i, i), ARGV[5], ARGV[6])
  local line, seen = KEYS[count + i], KEYS[2 * count + i]
  local wasFirst = redis.call('ZRANGE', line, 0, 0)[1] == name
  if leave(line, seen, name) then
    left = 1
    tellOf(KEYS[i])
    if ARGV[3] ~= '0' then
      local gained = tonumber(ARGV[6]) or math.huge
      callInTurn(KEYS[i], line, seen, readMs(), ARGV[2], gained, wasFirst, everyone, ARGV[4])
    end
  end
end
return left
end
`;

/**
 * Takes a caller out of some lines.
 *
 * - KEYS: the resources, then the line of each, then the key with the ends of its entries
 * - ARGV: 1 a letter per resource, 2 the text that the waiters are told, 3 who is told (0 nobody, 1 the waiters, 2
 *   the waiters, in a cluster), 4 the number of the database, 5 the id in the line, 6 permits, 7 the channel of all waiters
 * - Reply: 1 it stood in some of the lines; 0 it stood in none
 */
export const LEAVE = script(`
${TIME}
${MEMBERS}
${LINE}
${TELL}
${CALL_IN_TURN}
local nobodyHears = false
${LEAVE_LINES}
return leaveLines(KEYS, ARGV, ARGV[7])
`);
