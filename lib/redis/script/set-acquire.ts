import { TURN } from '../../ports/lock-mode';
import { LUA_MODES, LUA_VOTES } from './batch-codes';
import { IS_FREE } from './grant-all';
import { COUNTERS, FENCE, script, TIME } from './lua-script';
import { LINE } from './set-line';
import { MEMBERS } from './set-pieces';

const { granted, replaced, denied } = LUA_VOTES;
const { exclusive, shared, limited } = LUA_MODES;

/** The body of {@link ACQUIRE_SET}, as a function of its keys and arguments. */
export const ACQUIRE_MEMBERS = `
local function acquireMembers(KEYS, ARGV)
local modes, token, ending, isWaiting = ARGV[1], ARGV[2], ARGV[4], ARGV[5] == '1'
local id, ticket, entryMs = ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])
local limit, permits, start, swaps = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11]), ARGV[13] == '1'
local exact = ARGV[12] ~= '' and slotsIn(ARGV[12]) or nil
local count, nowMs = #modes, readMs()
local untilMs = nowMs + tonumber(ARGV[3])

-- The usual case: nobody has the only resource, and nobody waits for it.
local isAlone = count == 1 and not ARGV[14] and (permits or 0) <= (limit or 0)
if isAlone and (id == '' and redis.call('EXISTS', KEYS[1]) or redis.call('EXISTS', KEYS[1], KEYS[2])) == 0 then
  local slots = exact or {}
  if not exact then for n = 1, permits or 0 do slots[n] = (start + n - 1) % limit end end
  if modes == ${exclusive} then
    redis.call('SET', KEYS[1], token, 'PX', ARGV[3])
  else
    local members, scored = membersOf(modes, slots, token), {}
    for n, member in ipairs(members) do
      scored[2 * n - 1], scored[2 * n] = digits(untilMs), member
    end
    redis.call('ZADD', KEYS[1], unpack(scored))
    expireAt(KEYS[1], untilMs, members)
  end
  return { digits(now), ${granted}, '', table.concat(slots, ','), 0 }
end

-- The caller chooses slots a second time. Its first slots are released, even if the second choice is denied.
if swaps and lookAt(KEYS[1], nowMs) == 'members' then
  for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    if string.match(member, '^%d+|(.*)$') == token then redis.call('ZREM', KEYS[1], member) end
  end
  local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
  if last[2] then expireAt(KEYS[1], tonumber(last[2]), {}) end
end

-- Returns the slots for this request. If there are none: nil and the ms at which enough permits may have ended, or nothing
-- if another program has members here.
local function chooseSlots(key, found)
  local taken, inOrder = {}, {}
  if found.last then taken, inOrder = permitsAt(key, ending) end
  if not taken then return nil end
  found.used, found.permits = #inOrder, inOrder
  local missing = found.used + permits - limit
  if missing > 0 then return nil, tonumber(redis.call('ZSCORE', key, inOrder[missing])) end
  local inTheWay
  for _, slot in ipairs(exact or {}) do
    local untilMs = taken[slot] and tonumber(redis.call('ZSCORE', key, taken[slot]))
    if untilMs then inTheWay = math.max(inTheWay or 0, untilMs) end
  end
  if inTheWay then return nil, inTheWay end
  if exact then return exact end
  local slots, distance = {}, 0
  while #slots < permits and distance < limit do
    local slot = (start + distance) % limit
    if not taken[slot] then slots[#slots + 1] = slot end
    distance = distance + 1
  end
  if #slots == permits then return slots end
  return nil, nowMs
end

-- Looks for holders that may not stand beside this one.
local function lookAtHolds(found, key, mode)
  local kind, what = lookAt(key, nowMs)
  found.isOwner = kind == 'owner'
  found.last = kind == 'members' and what or nil
  found.isEnded = mode == ${exclusive} and found.isOwner and ending ~= '' and what == ending
  if kind == 'unknown' or (found.isOwner and not isFree(key, what, ending, isWaiting)) then
    local left = redis.call('PTTL', key)
    found.by, found.untilMs = 'held', left < 0 and math.huge or nowMs + left
    -- Owner tokens are shorter than this. A value of another program may have any length.
    if found.isOwner and what ~= '${TURN}' then found.holder = string.sub(what, 1, 200) end
  elseif kind == 'members' and mode == ${exclusive} then
    found.by, found.untilMs = 'shared', what
  elseif mode == ${limited} then
    found.slots, found.untilMs = chooseSlots(key, found)
    if not found.slots then found.by = found.untilMs and 'limit' or 'held' end
    found.untilMs = found.untilMs or found.last
  end
end

-- The least number of releases that free so many permits. The present holders release first, those with most permits
-- before the others, and then the callers that come before. The number must not be too high: a caller that lets too many
-- releases pass would sleep although it is its turn.
local function releasesFor(missing, inOrder, before)
  local held, inTurn, releases = {}, {}, 0
  for _, member in ipairs(inOrder) do
    local owner = string.match(member, '|(.*)$')
    held[owner] = (held[owner] or 0) + 1
  end
  for _, count in pairs(held) do inTurn[#inTurn + 1] = count end
  table.sort(inTurn, function(a, b) return a > b end)
  for _, waiter in ipairs(before) do inTurn[#inTurn + 1] = waiter.permits end
  for _, count in ipairs(inTurn) do
    if missing <= 0 then break end
    missing = missing - count
    if count > 0 then releases = releases + 1 end
  end
  return releases
end

-- Looks for callers that come first in the line. A reader passes readers. Permit callers pass each other as long as there
-- are enough permits for all.
local function lookAtLine(found, i, mode)
  local line, seen = KEYS[count + i], KEYS[2 * count + i]
  found.standing = standing(line, seen, nowMs)
  if found.standing == 0 and (mode ~= ${limited} or not found.by) then return end
  local others, wanted, missing, first = 0, 0, 0, nil
  -- Counts how many permits are missing if the caller gets its permits beside the waiters so far. The limit of each waiter
  -- counts: a waiter with a smaller limit would find no room beside the caller, and others would take that room for ever.
  local function add(more, atMost)
    wanted = wanted + more
    missing = math.max(missing, wanted + permits - math.max(0, atMost - found.used))
  end
  local all = found.standing > 0 and before(line, nameOf(mode, id, permits), ticket or math.huge) or {}
  for _, waiter in ipairs(all) do
    if mode == ${limited} then add(waiter.permits, waiter.permits > 0 and waiter.limit or limit) end
    if mode == ${exclusive} or waiter.mode ~= mode then
      others = others + 1
      first = first or waiter
    end
  end
  found.ahead = others
  if mode == ${limited} then add(0, limit) end
  if missing > 0 then
    -- A caller that has to wait for a release anyway wakes at the last of these.
    found.ahead = others + releasesFor(missing, found.permits or {}, all) - (found.by and 1 or 0)
    first = first or all[1]
  end
  if found.by or not first then return end
  found.by, found.untilMs = 'line', tonumber(redis.call('ZSCORE', seen, first.name)) or nowMs
end

-- Look at every key before any is written (R19).
local found, reason = {}, nil
local order = { shared = 4, held = 3, limit = 2, line = 1 }
for i = 1, count do
  local mode = string.sub(modes, i, i)
  found[i] = { mode = mode, used = 0, ahead = 0, standing = 0 }
  lookAtHolds(found[i], KEYS[i], mode)
  if id ~= '' and not exact then lookAtLine(found[i], i, mode) end
  local by = found[i].by
  if by and (not reason or order[by] > order[reason]) then reason = by end
end

-- Denied: the caller gets its entry in the line, or keeps it for longer, whatever is in the way.
if reason then
  local longest, holder, ahead = -1, '', 0
  for i = 1, count do
    local one, isHold = found[i], order[reason] > 2
    ahead = math.max(ahead, one.ahead)
    if one.by and (one.by == reason or (isHold and order[one.by] > 2)) and one.untilMs > longest then
      longest, holder = one.untilMs, one.holder or ''
    end
    if id ~= '' and ticket then
      enter(KEYS[count + i], KEYS[2 * count + i], nameOf(one.mode, id, permits), ARGV[7], entryMs, nowMs)
    end
  end
  local left = longest == math.huge and -1 or math.max(0, longest - nowMs)
  return { digits(now), ${denied}, reason, left, holder, ahead }
end

-- Readers get no fencing number (R35).
local fence = nil
if ARGV[14] then
  local counters = {}
  for i = 1, count do
    if found[i].mode ~= ${shared} then counters[#counters + 1] = KEYS[#KEYS - count + i] end
  end
  if #counters > 0 then
    fence = { counters = counters, proposal = tonumber(ARGV[14]), skew = tonumber(ARGV[15]), keepMs = ARGV[16] }
    number(fence)
  end
end

-- Granted. A server without memory refuses the first of these writes, so it is still all or nothing.
local inLine, replaced = 0, 0
for i = 1, count do
  local one, key = found[i], KEYS[i]
  if one.mode == ${exclusive} then
    redis.call('SET', key, token, 'PX', ARGV[3])
    if one.isEnded then replaced = replaced + 1 end
  else
    if one.isOwner then redis.call('DEL', key) end
    local ended = {}
    for _, member in ipairs(ending ~= '' and one.last and redis.call('ZRANGE', key, 0, -1) or {}) do
      local slot, owner = string.match(member, '^(%d*)|(.*)$')
      if owner == ending and (slot == '') == (one.mode == ${shared}) then ended[#ended + 1] = member end
    end
    local members, scored = membersOf(one.mode, one.slots, token), {}
    for n, member in ipairs(members) do
      scored[2 * n - 1], scored[2 * n] = digits(untilMs), member
    end
    redis.call('ZADD', key, 'GT', unpack(scored))
    if not one.last or one.last < untilMs then expireAt(key, untilMs, members) end
    if #ended > 0 then
      redis.call('ZREM', key, unpack(ended))
      expireAt(key, tonumber(redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')[2]), {})
      if #ended >= (permits or 1) then replaced = replaced + 1 end
    end
  end
  if id ~= '' then
    local others = one.standing
    if exact then others = standing(KEYS[count + i], KEYS[2 * count + i], nowMs) end
    if others > 0 and leave(KEYS[count + i], KEYS[2 * count + i], nameOf(one.mode, id, permits)) then
      others = others - 1
    end
    inLine = math.max(inLine, others)
  end
end
if fence then keepIfNear(fence) end
local slots = found[1].slots and table.concat(found[1].slots, ',') or ''
return { digits(now), replaced == count and ${replaced} or ${granted}, fence and digits(fence.number) or '', slots, inLine }
end
`;

/**
 * Grants all resources or none, for readers, permits, and callers in line.
 *
 * - KEYS: the resources; for a caller that asks for the line, then the line of each, and then the key with the
 *   ends of its entries; with a fence, then the counter of each resource
 * - ARGV of the lock: 1 a letter per resource (x exclusive, s shared, p permits of the only one), 2 owner token, 3
 *   ttl in ms, 4 the owner token of a lease that ends here ('': none), 5 '1' if a resource that is kept for the
 *   line is free
 * - ARGV of the line: 6 the id in the line ('': does not ask), 7 ticket ('': none), 8 the time in ms for which an
 *   entry lasts
 * - ARGV of permits: 9 limit, 10 permits, 11 the slot to begin with, 12 exactly these slots ('': any), 13 '1' to
 *   release first what the token has here
 * - ARGV with a fence: 14 the proposal and 15 the most by which it may be wrong, both in microseconds, 16 the time
 *   in ms for which to keep the counters
 * - Reply to a grant: the node's time in microseconds; `granted`, or `replaced` if the lease that ends was
 *   everywhere; the number ('': none); the slots; the number of others in line
 * - Reply to a denial: the node's time; `denied`; what is in the way (shared, held, limit, line); for how many ms
 *   (-1: for ever); its owner ('': no single one); the number of releases to let pass
 */
export const ACQUIRE_SET = script(`
${TIME}
${COUNTERS}
${FENCE}
${IS_FREE}
${MEMBERS}
${LINE}
${ACQUIRE_MEMBERS}
return acquireMembers(KEYS, ARGV)
`);
