import { TURN } from '../../ports/lock-mode';
import { NUMBER, script, TELL } from './lua-script';
import { LINE, MEMBERS } from './set-pieces';

/** Tells of the keys at which something ended, and gives how many wait, the most. `nobodyHears`: it is known that nobody does. */
const TELL_ONE = `
local everywhere, most = ARGV[3] == '2', 0
local function tellOf(key)
  if ARGV[3] == '0' or (nobodyHears and not everywhere) then return end
  local counts = not everywhere and countListeners({ key }, ARGV[4])
  most = math.max(most, tell(key, ARGV[2], counts and counts[1], everywhere, ARGV[4]))
end
`;

/** What {@link RELEASE_SET} does, as a function of its keys and arguments. */
export const RELEASE_MEMBERS = `
local function releaseMembers(KEYS, ARGV)
${TELL_ONE}
local modes, token, keepMs = ARGV[1], ARGV[2], tonumber(ARGV[5])
local count, nowMs = #modes, readMs()

-- Nobody else has it, and nobody waits for it, as it is nearly always.
if count == 1 and modes ~= 'x' and keepMs == 0 and redis.pcall('ZCARD', KEYS[1]) == 1
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

-- How many of them were there, and whether whoever waits may go on.
local function removeOwner(kind, owner, key)
  if kind ~= 'owner' or owner ~= token then return 0, false end
  if keepMs == 0 then redis.call('DEL', key) else redis.call('PEXPIRE', key, ARGV[5]) end
  return 1, true
end

-- Those that are ours, whatever slots they have.
local function allPermits(key)
  local members = {}
  for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do
    if string.match(member, '^%d+|(.*)$') == token then members[#members + 1] = member end
  end
  return members
end

-- Never the whole key (R23). It expires with what is left, so earlier than before, if that is so. Of readers only the last
-- one is told of: before that nobody could go on.
-- Beside members of another program ours go too, and nothing else changes.
local function removeMembers(kind, what, key, mode)
  local isMixed = kind == 'unknown' and what
  if kind ~= 'members' and not isMixed then return 0, false end
  local members, removed = nil, 0
  if mode == 'p' and ARGV[6] == '*' then members = allPermits(key) else members = membersOf(mode, slotsIn(ARGV[6]), token) end
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
  return removed, mode == 'p' or redis.call('ZCARD', key) == (keepMs == 0 and 0 or 1)
end

local isWhole = true
for i = 1, count do
  local key, mode = KEYS[i], string.sub(modes, i, i)
  local kind, what = lookAt(key, nowMs)
  local removed, isFreed
  if mode == 'x' then
    removed, isFreed = removeOwner(kind, what, key)
  else
    removed, isFreed = removeMembers(kind, what, key, mode)
  end
  local wanted = mode == 'p' and ARGV[6] ~= '*' and #slotsIn(ARGV[6]) or 1
  if removed < wanted then isWhole = false end
  if removed > 0 then
    -- The grant that goes had taken the caller out of the line (R30).
    if ARGV[7] ~= '' then
      enter(KEYS[count + i], KEYS[2 * count + i], nameOf(mode, ARGV[7], ARGV[8]), ARGV[9], tonumber(ARGV[10]), nowMs)
    end
    -- Nothing is left, and somebody waits: newcomers are denied for a moment (R31).
    if ARGV[11] ~= '0' and redis.call('EXISTS', key) == 0
      and standing(KEYS[count + i], KEYS[2 * count + i], nowMs) > 0 then
      -- A server that refuses it has released all the same.
      redis.pcall('SET', key, '${TURN}', 'PX', ARGV[11])
    end
  end
  if isFreed then tellOf(key) end
end
return isWhole and 1 + most or 0
end
`;

/**
 * Compare and remove, for readers, permits, and who stood or stands in line. KEYS: the resources; then, where the line is
 * asked for, the line of each, and where it keeps how long its entries last. ARGV: a letter per resource (x exclusive,
 * s shared, p permits of the only one), owner token, whether to tell those who wait (0, 1, in a cluster 2), the number of the
 * database, for how many ms to keep it (0: remove it), the slots ('*': all of the token); id of the one that comes back to
 * the line ('': nobody), permits, ticket, for how many ms its entry lasts; and for how many ms to keep what is free for those
 * in line (0: not).
 * Reply: 1 all of it was ours, or 1 more than the number of connections that wait; 0 some was not ours.
 */
export const RELEASE_SET = script(`
${NUMBER}
${MEMBERS}
${LINE}
${TELL}
local nobodyHears = false
${RELEASE_MEMBERS}
return releaseMembers(KEYS, ARGV)
`);

/** What {@link LEAVE} does, as a function of its keys and arguments. */
export const LEAVE_LINES = `
local function leaveLines(KEYS, ARGV)
${TELL_ONE}
local count, left = #ARGV[1], 0
for i = 1, count do
  local name = nameOf(string.sub(ARGV[1], i, i), ARGV[5], ARGV[6])
  if leave(KEYS[count + i], KEYS[2 * count + i], name) then
    left = 1
    tellOf(KEYS[i])
  end
end
return left
end
`;

/**
 * Takes a caller out of some lines. KEYS: the resources, the line of each, and where it keeps how long its entries last.
 * ARGV: a letter per resource, what those who wait are told, whether to tell them (0, 1, in a cluster 2), the number of the
 * database, the id in the line, and permits.
 * Reply: 1 it stood in some of them, 0 in none.
 */
export const LEAVE = script(`
${LINE}
${TELL}
local nobodyHears = false
${LEAVE_LINES}
return leaveLines(KEYS, ARGV)
`);
