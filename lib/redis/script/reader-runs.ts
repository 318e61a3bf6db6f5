import { LINE_ENDS, LINES } from '../../ports/reserved-names';
import { LUA_MODES, LUA_VOTES, SET_ASKS } from './batch-codes';

const { granted } = LUA_VOTES;
const { shared } = LUA_MODES;

/**
 * Serves many readers together that want, or release, one resource each, as nearly all readers of a batch do. One
 * look at all keys tells if any reader needs more than that. The text needs all that SET_BATCH has.
 *
 * The keys have no braces, so the script knows the names of their lines (`beside-key.ts`).
 */
export const READER_RUNS = `
local function linesOf(key)
  return '${LINES}:{' .. key .. '}', '${LINE_ENDS}:{' .. key .. '}'
end

-- Returns true if any of these keys exists, or if somebody stands in its line.
local function isAnyThere(first, count, withKeys)
  local names = {}
  for i = 0, count - 1 do
    local key = KEYS[first + i]
    names[#names + 1] = '${LINES}:{' .. key .. '}'
    if withKeys then names[#names + 1] = key end
  end
  return redis.call('EXISTS', unpack(names)) ~= 0
end

-- Serves each reader by itself, since somebody else is there.
local function askEach(first, n, count, one)
  local replies = {}
  for i = 1, count do
    local key = KEYS[first + i - 1]
    local line, seen = linesOf(key)
    replies[i] = replyOf(pcall(one, { key, line, seen }, ARGV[n + i]))
  end
  return replies
end

-- Lets readers come. text: the ttl in ms.
local function comeAll(text, first, n, count)
  local ttl = string.match(text, '\\n(%d+)')
  local isTaken = isAnyThere(first, count, true)
  if not isTaken then
    local untilMs = digits(readMs() + ttl)
    local done = 0
    for i = 1, count do
      local key, member = KEYS[first + i - 1], '|' .. ARGV[n + i]
      if type(redis.pcall('ZADD', key, untilMs, member)) ~= 'number' then break end
      if type(redis.pcall('PEXPIREAT', key, untilMs)) ~= 'number' then
        -- The member must not stay where it cannot expire.
        redis.pcall('ZREM', key, member)
        break
      end
      done = i
    end
    if done == count then return string.rep(${granted}, count) end
    -- The server refused one of them, so each reader gets an answer of its own. What was written is written again.
  end
  -- A reader without a ticket is not entered in the line, so it may have any name.
  return askEach(first, n, count, function(keys, token)
    return acquireMembers(keys, { ${shared}, token, ttl, '', '1', '-', '', '1', '', '', '', '', '' })
  end)
end

-- Lets readers go. text: the time in ms for which a free key is kept for the line, 1 if waiters are told, the database.
local function goAll(text, first, n, count)
  local turnMs, telling, database = string.match(text, '\\n(%d+)\\n(%d)\\n(%d+)')
  local isWaited = (telling ~= '0' and not nobodyHears) or isAnyThere(first, count, false)
  local function one(keys, token)
    if not isWaited and redis.pcall('ZCARD', keys[1]) == 1 then
      -- The only member may be another reader, so this may remove nothing.
      return redis.call('ZREM', keys[1], '|' .. token)
    end
    return releaseMembers(keys, { ${shared}, token, telling, database, '0', '', '', '', '', '1', turnMs }, everyone)
  end
  if not isWaited then
    local released = 0
    for i = 1, count do
      local key = KEYS[first + i - 1]
      if redis.pcall('ZCARD', key) ~= 1 or redis.pcall('ZREM', key, '|' .. ARGV[n + i]) ~= 1 then break end
      released = i
    end
    if released == count then return string.rep('1', count) end
    local replies = askEach(first + released, n + released, count - released, one)
    local all = {}
    for i = 1, released do all[i] = 1 end
    for i = 1, #replies do all[released + i] = replies[i] end
    return all
  end
  return askEach(first, n, count, one)
end

local runs = { ${SET_ASKS.comeAll} = comeAll, ${SET_ASKS.goAll} = goAll }
`;
