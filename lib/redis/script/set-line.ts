import { TURN } from '../../ports/lock-mode';
import { LUA_MODES } from './batch-codes';

const { exclusive, limited } = LUA_MODES;

/**
 * A part of the scripts that know the line. At line:who:… there is a sorted set of the waiters with their tickets.
 * At line:seen:… there is a sorted set of the same waiters with the millisecond at which each entry ends.
 */
export const LINE = `
-- Returns how many stand in line. Entries whose time is over are removed first.
local function standing(line, seen, nowMs)
  local count = redis.call('ZCARD', line)
  if count == 0 then return 0 end
  local over = redis.call('ZRANGEBYSCORE', seen, '-inf', digits(nowMs))
  if #over > 0 then
    redis.call('ZREM', line, unpack(over))
    redis.call('ZREM', seen, unpack(over))
  end
  if count - #over == redis.call('ZCARD', seen) then return count - #over end
  -- One of the two keys was lost, so nobody can say which entries are over. All callers come back with their next attempt.
  redis.call('DEL', line, seen)
  return 0
end

local function nameOf(mode, id, permits)
  return id .. ' ' .. mode .. (mode == ${limited} and permits or '')
end

-- Decides between equal tickets. It compares bytes, since Lua compares letters by the language of the server.
local function isLower(name, other)
  for i = 1, math.min(#name, #other) do
    local a, b = string.byte(name, i), string.byte(other, i)
    if a ~= b then return a < b end
  end
  return #name < #other
end

-- Returns the callers that come first, among the first 64 of the line.
local function before(line, mine, ticket)
  local found, entries = {}, redis.call('ZRANGE', line, 0, 63, 'WITHSCORES')
  for i = 1, #entries, 2 do
    local name, theirs = entries[i], tonumber(entries[i + 1])
    if theirs > ticket then break end
    if name ~= mine and (theirs < ticket or isLower(name, mine)) then
      local mode, permits = string.match(name, ' (%a)(%d*)$')
      -- A process of an older version does not tell its limit.
      local limit = tonumber(string.match(name, '/(%d+) p%d+$'))
      found[#found + 1] = { name = name, mode = mode, permits = tonumber(permits) or 0, limit = limit }
    end
  end
  return found
end

-- Enters a caller in the line, or keeps it there for as long again. The line ends some time after its last change.
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

/**
 * A part of the scripts after which it may be somebody's turn in line. It needs TIME, MEMBERS and LINE.
 *
 * Only the callers whose turn it is are told, on a channel of their process (release-message.ts): with many callers
 * in line, messages to all of them would cost more than the permits.
 */
export const CALL_IN_TURN = `
-- Returns the names of the callers that may go on at a key: the first in its line, and those that go together with it.
-- What the token 'ending' has counts as free: it may be kept for a while, and the next caller should learn for how long.
-- gained: the number of permits that have just become free. Callers that had room without them were told before; of these,
-- only the first in line is told again.
-- hasNewFirst: true if the first in line has left it. Only the first hears of the release of an exclusive holder, so the
-- next one has to know that it is the first.
local function namesInTurn(key, line, nowMs, ending, gained, hasNewFirst)
  local kind, what = lookAt(key, nowMs)
  local isFree = kind == 'none' or kind == 'members'
    or kind == 'owner' and (what == ending or what == '${TURN}' and redis.call('PTTL', key) >= 0)
  if not isFree then return hasNewFirst and kind == 'owner' and redis.call('ZRANGE', line, 0, 0) or {} end
  local others, used, room, wanted, names = 0, 0, math.huge, 0, {}
  for _, member in ipairs(kind == 'members' and redis.call('ZRANGE', key, 0, -1) or {}) do
    local slot, owner = string.match(member, '^(%d*)|(.*)$')
    if owner ~= ending then
      others = others + 1
      if slot ~= '' then used = used + 1 end
    end
  end
  local mode
  for n, name in ipairs(redis.call('ZRANGE', line, 0, 63)) do
    local theirs, permits = string.match(name, ' (%a)(%d*)$')
    mode = mode or theirs
    if theirs ~= mode or theirs == ${exclusive} and (others > 0 or #names > 0) then break end
    if theirs == ${limited} then
      local limit = tonumber(string.match(name, '/(%d+) p%d+$')) or math.huge
      wanted, room = wanted + tonumber(permits), math.min(room, limit - used)
      if wanted > room then break end
    end
    if n == 1 or mode ~= ${limited} or wanted > room - gained then names[#names + 1] = name end
  end
  return names
end

local function callInTurn(key, line, seen, nowMs, token, gained, hasNewFirst, everyone, database)
  if standing(line, seen, nowMs) == 0 then return end
  for _, name in ipairs(namesInTurn(key, line, nowMs, token, gained, hasNewFirst)) do
    local id, process = string.match(name, '^(([^%./ ]+)%.[^/ ]+)')
    local message = '@' .. database .. ' ' .. token .. '\\n' .. (id or '') .. '\\n' .. key
    -- A user may have no right to publish. Then waiters ask again after a while.
    if id then redis.pcall('PUBLISH', everyone .. '\\n>' .. process, message) end
  end
end
`;
