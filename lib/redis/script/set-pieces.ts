import { LUA_MODES } from './batch-codes';

const { shared } = LUA_MODES;

/**
 * Tells if a sorted set has readers and permits: `|token` and `slot|token`. A set with any other member belongs to
 * another program.
 *
 * Of up to 64 members all are looked at. Of more, the first and the last 64 are looked at. The members of another
 * program get there sooner or later: its own set has no others, and what it adds to a set of ours is among the
 * first before it ends. No member of another program is removed in any case.
 */
export const OURS = `
local function areOurs(members)
  for _, member in ipairs(members) do
    if not string.find(member, '^%d*|') then return false end
  end
  return true
end

-- Tells if the members are ours, and, as a second value, if all of them were looked at.
local function isOurs(key)
  local first = redis.pcall('ZRANGE', key, 0, 63)
  -- A user without the right to ask cannot know what is there.
  if first.err then return false end
  return areOurs(first) and (#first < 64 or areOurs(redis.call('ZRANGE', key, -64, -1))), #first < 64
end
`;

/**
 * A part of the scripts that tell what is at a key. It needs OURS.
 *
 * It recognizes the key of another program as `lookAt` does, but changes nothing.
 */
export const FOREIGN = `
-- Returns the type of a key of another program; nothing for readers and permits. left: its PTTL. nowMs: 0 if the user has no
-- right to ask for the time.
local function foreignType(key, kind, left, nowMs)
  if kind ~= 'zset' then return kind end
  local last = tonumber(redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')[2])
  local isOnTime = nowMs == 0 or math.abs(nowMs + left - last) <= 1000
  if left < 0 or not isOnTime or not isOurs(key) then return kind end
end
`;

/**
 * A part of the scripts for readers and permits: what is at a key, by the node's clock. It needs TIME
 * (lua-script.ts).
 *
 * A key is either a string, the owner token of an exclusive holder, or a sorted set of members: `|token` is a
 * reader, `slot|token` a permit, and the score is the millisecond at which the member ends. The key always expires
 * with its last member.
 */
export const MEMBERS = `
${OURS}
-- The time in whole milliseconds. It is rounded down, as the server does when it decides if a key has expired.
local function readMs()
  if now == 0 then readTime() end
  if now == 0 then error('NOPERM readers, permits and the line need the right to call TIME', 0) end
  return math.floor(now / 1000)
end

-- Where a slot of a cluster moves, its keys arrive with the time that they have left, but the ends of the members are by the
-- clock of the server before. A key ends with its last member, so the difference of the two clocks is known. Returns the end
-- of the last member by the clock of this server, or nil if another program has members here.
local function endsHere(key, last)
  local atMs = redis.pcall('PEXPIRETIME', key)
  if type(atMs) ~= 'number' then
    -- Redis 6, or a user without the right to call it.
    local time = redis.call('TIME')
    atMs = math.floor(time[1] * 1000 + time[2] / 1000) + redis.call('PTTL', key)
  end
  local aheadMs = atMs - last
  if math.abs(aheadMs) <= 5 then return last end
  local members = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  for n = 1, #members, 2 do
    if not string.find(members[n], '^%d*|') then return nil end
  end
  for n = 1, #members, 2 do redis.call('ZADD', key, digits(members[n + 1] + aheadMs), members[n]) end
  return atMs
end

-- Returns what is at a key, and removes members of ours that have ended:
--   'none'
--   'owner', and the owner token
--   'members', and the ms at which the last of them ends
--   'unknown' for a key of another program. That can be a sorted set with other members, or one that does not expire with
--   its last member; then the second value says if it expires at all
local function lookAt(key, nowMs)
  local kind = redis.call('TYPE', key).ok
  if kind == 'none' then return 'none' end
  if kind == 'string' then return 'owner', redis.call('GET', key) end
  if kind ~= 'zset' then return 'unknown' end
  local left, last = redis.call('PTTL', key), tonumber(redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')[2])
  if left < 0 or math.abs(nowMs + left - last) > 1000 then return 'unknown', left >= 0 end
  local isOfUs, isEach = isOurs(key)
  if not isOfUs or not (isEach or areOurs(redis.call('ZRANGEBYSCORE', key, '-inf', digits(nowMs)))) then
    return 'unknown', true
  end
  if math.abs(nowMs + left - last) > 5 then last = endsHere(key, last) end
  if not last then return 'unknown', true end
  redis.call('ZREMRANGEBYSCORE', key, '-inf', digits(nowMs))
  if last <= nowMs then return 'none' end
  return 'members', last
end

-- Sets the expiry of a key. added: the members that were not there before. If the expiry fails, they are removed, since they
-- would stay for ever.
local function expireAt(key, atMs, added)
  local reply = redis.pcall('PEXPIREAT', key, digits(atMs))
  if type(reply) == 'number' then return end
  if #added > 0 then redis.call('ZREM', key, unpack(added)) end
  error(reply.err, 0)
end

-- Returns the members of a token: one for each slot, or the one of a reader.
local function membersOf(mode, slots, token)
  if mode == ${shared} then return { '|' .. token } end
  local members = {}
  for n, slot in ipairs(slots) do members[n] = slot .. '|' .. token end
  return members
end

-- Reads slots as they are sent: '4,0,2'.
local function slotsIn(text)
  local slots = {}
  for slot in string.gmatch(text, '%d+') do slots[#slots + 1] = tonumber(slot) end
  return slots
end

-- Returns the member of each taken slot, and a list of these members, the one that ends first at the beginning. Members of
-- the token 'but' do not count. Returns nil if some member is not ours.
local function permitsAt(key, but)
  local taken, inOrder, members = {}, {}, redis.call('ZRANGE', key, 0, -1)
  if #members > 128 and not areOurs(members) then return nil end
  for _, member in ipairs(members) do
    local slot, token = string.match(member, '^(%d+)|(.*)$')
    if slot and token ~= but then
      taken[tonumber(slot)] = member
      inOrder[#inOrder + 1] = member
    end
  end
  return taken, inOrder
end
`;
