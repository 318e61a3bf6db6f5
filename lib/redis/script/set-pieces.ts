/**
 * Whether a sorted set is of readers and permits: `|token` and `slot|token`. What has any other member is another program's.
 *
 * Of up to 64 members all are looked at, and of more the 64 at each end, where another program's come to lie sooner or later:
 * its set has no others, and what it adds to ours is at the beginning before it ends. No member of it is removed in any case.
 */
export const OURS = `
local function areOurs(members)
  for _, member in ipairs(members) do
    if not string.find(member, '^%d*|') then return false end
  end
  return true
end

-- And whether that is said of every member.
local function isOurs(key)
  local first = redis.pcall('ZRANGE', key, 0, 63)
  -- A user without the right to ask: nobody knows what is there.
  if first.err then return false end
  return areOurs(first) and (#first < 64 or areOurs(redis.call('ZRANGE', key, -64, -1))), #first < 64
end
`;

/**
 * Shared by the scripts that tell what is at a key. It needs OURS.
 *
 * What `lookAt` says of the key of another program, for a look that changes nothing.
 */
export const FOREIGN = `
-- The type of a key that is another program's, and no value; nothing for readers and permits. left: its PTTL. nowMs: 0 where
-- nobody may ask for the time.
local function foreignType(key, kind, left, nowMs)
  if kind ~= 'zset' then return kind end
  local last = tonumber(redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')[2])
  local isOnTime = nowMs == 0 or math.abs(nowMs + left - last) <= 1000
  if left < 0 or not isOnTime or not isOurs(key) then return kind end
end
`;

/**
 * Shared by the scripts of readers and permits: what is at a key, by the node's clock. It needs NUMBER (lua-script.ts).
 *
 * A key has the owner token of an exclusive hold, a string; or members, a sorted set: `|token` is a reader, `slot|token`
 * a permit, and the score of each is the millisecond at which it ends. The key expires with the last of them, always.
 */
export const MEMBERS = `
${OURS}
-- In whole milliseconds, rounded down, as the server counts when a key has expired.
local function readMs()
  if now == 0 then readTime() end
  if now == 0 then error('NOPERM readers, permits and the line need the right to call TIME', 0) end
  return math.floor(now / 1000)
end

-- 'none'; 'owner' and the owner token; 'members' and when the last of them ends; 'unknown' for a key of any other kind,
-- which is somebody else's. So is a set that does not expire with its last member, or has a member of another form; then
-- the second value says whether it expires. Only members of ours are removed when they have ended.
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
  redis.call('ZREMRANGEBYSCORE', key, '-inf', digits(nowMs))
  if last <= nowMs then return 'none' end
  return 'members', last
end

-- added: members that were not there before. They must not stay where they cannot expire.
local function expireAt(key, atMs, added)
  local reply = redis.pcall('PEXPIREAT', key, digits(atMs))
  if type(reply) == 'number' then return end
  if #added > 0 then redis.call('ZREM', key, unpack(added)) end
  error(reply.err, 0)
end

-- The members that a token has, or is to have, for these slots; for a reader there is one.
local function membersOf(mode, slots, token)
  if mode == 's' then return { '|' .. token } end
  local members = {}
  for n, slot in ipairs(slots) do members[n] = slot .. '|' .. token end
  return members
end

-- '4,0,2': slots as they are sent.
local function slotsIn(text)
  local slots = {}
  for slot in string.gmatch(text, '%d+') do slots[#slots + 1] = tonumber(slot) end
  return slots
end

-- By slot, the member that has it; and all of these, the one that ends first at the beginning. Those of the token 'but'
-- do not count. Nothing where some member is not ours.
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

/**
 * Shared by the scripts that know the line. At line:who:… there is a sorted set of those who wait, with their tickets; at
 * line:seen:… the same, with the millisecond at which the entry of each ends.
 */
export const LINE = `
-- How many wait. Those whose time is over do not.
local function standing(line, seen, nowMs)
  local count = redis.call('ZCARD', line)
  if count == 0 then return 0 end
  local over = redis.call('ZRANGEBYSCORE', seen, '-inf', digits(nowMs))
  if #over > 0 then
    redis.call('ZREM', line, unpack(over))
    redis.call('ZREM', seen, unpack(over))
  end
  if count - #over == redis.call('ZCARD', seen) then return count - #over end
  -- One of both was lost: nobody could say whose time is over. All come back with their next attempt.
  redis.call('DEL', line, seen)
  return 0
end

local function nameOf(mode, id, permits)
  return id .. ' ' .. mode .. (mode == 'p' and permits or '')
end

-- Where tickets are equal. By bytes: the order of letters is another one in each language of a server.
local function isLower(name, other)
  for i = 1, math.min(#name, #other) do
    local a, b = string.byte(name, i), string.byte(other, i)
    if a ~= b then return a < b end
  end
  return #name < #other
end

-- Those who come first, among the first 64.
local function before(line, mine, ticket)
  local found, entries = {}, redis.call('ZRANGE', line, 0, 63, 'WITHSCORES')
  for i = 1, #entries, 2 do
    local name, theirs = entries[i], tonumber(entries[i + 1])
    if theirs > ticket then break end
    if name ~= mine and (theirs < ticket or isLower(name, mine)) then
      local mode, permits = string.match(name, ' (%a)(%d*)$')
      -- One of an older version does not tell its limit.
      local limit = tonumber(string.match(name, '/(%d+) p%d+$'))
      found[#found + 1] = { name = name, mode = mode, permits = tonumber(permits) or 0, limit = limit }
    end
  end
  return found
end

-- In the line, or there for as long again. The line ends a while after its last change.
local function enter(line, seen, name, ticket, entryMs, nowMs)
  if redis.call('ZCARD', line) >= 1000 and not redis.call('ZSCORE', line, name) then return end
  redis.call('ZADD', line, ticket, name)
  redis.call('ZADD', seen, digits(nowMs + entryMs), name)
  for _, key in ipairs({ line, seen }) do
    if redis.call('PTTL', key) < 2 * entryMs then redis.call('PEXPIRE', key, digits(2 * entryMs)) end
  end
end

local function leave(line, seen, name)
  redis.call('ZREM', seen, name)
  return redis.call('ZREM', line, name) == 1
end
`;
