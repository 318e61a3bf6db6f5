import { createHash } from 'node:crypto';

/** A script, and the name by which a server that has loaded it knows it. */
export interface LuaScript {
  readonly text: string;
  readonly sha: string;
}

export function script(text: string): LuaScript {
  const trimmed = text.trim();
  return { text: trimmed, sha: createHash('sha1').update(trimmed).digest('hex') };
}

/**
 * A part of nearly all scripts: the node's time in microseconds. A Lua number holds such
 * numbers exactly, but Lua writes all of their digits only with a format.
 */
export const TIME = `
local function digits(number)
  return string.format('%.0f', number)
end

-- The time is 0 until it is read. It stays 0 for a user without the right to call TIME.
local now = 0
local function readTime()
  local time = redis.pcall('TIME')
  now = time.err and 0 or time[1] * 1000000 + time[2]
end
`;

/** A part of the scripts that raise fencing counters. It needs TIME. */
export const COUNTERS = `
-- A counter never ends earlier than it would anyway: other resources share it, and may need it for longer.
local function keepNumber(counter, number, keepMs)
  local left, least = redis.pcall('PTTL', counter), tonumber(keepMs)
  if type(left) ~= 'number' or left < least then left = least end
  redis.call('SET', counter, digits(number), 'PX', digits(left))
end

local function raise(counter, number, keepMs)
  local last = redis.call('GET', counter)
  if not last or tonumber(last) < tonumber(number) then keepNumber(counter, number, keepMs) end
end
`;

/**
 * A part of the scripts that grant with a fencing number. It needs TIME and COUNTERS.
 *
 * A `fence` is a table: `counters` are the keys of the counters, `proposal` is the proposed number and `skew` the most by
 * which it may be wrong, both in microseconds, and `keepMs` is the time for which to keep the counters. It gets its `number`.
 */
export const FENCE = `
-- Finds one number for all counters of a fence. It is above each of them, and not below the proposal, if that is not too
-- far from the node's time. Nothing is written yet: a counter that is no number must fail the request before the grant.
local function number(fence)
  if now == 0 then error('NOPERM fencing needs the right to call TIME', 0) end
  local value = math.max(now - fence.skew, math.min(fence.proposal, now + fence.skew))
  for _, counter in ipairs(fence.counters) do
    local last = redis.call('GET', counter)
    if last then value = math.max(value, last + 1) end
  end
  fence.number = value
end

-- A number that is far from the proposal comes from a wrong clock. Its grant does not count, so the counter does not keep
-- it: other resources may share the counter.
local function keepIfNear(fence)
  if math.abs(fence.number - fence.proposal) > 2 * fence.skew then return end
  for _, counter in ipairs(fence.counters) do keepNumber(counter, fence.number, fence.keepMs) end
end
`;

/**
 * A part of the scripts that release: tells the waiters of a key which owner token has ended and how many they
 * are, and returns the number of connections that heard it. In a cluster (`everywhere`) listeners may be connected
 * to other servers, and cannot be counted here.
 */
export const TELL = `
-- Returns for each key how many processes wait for it in this database, and how many may wait at most. Channels know no
-- databases. So a waiter in another database than 0 subscribes to two more channels (release-channel.ts). Processes of an
-- older version do not.
local function countListeners(keys, database)
  local names = {}
  for n, key in ipairs(keys) do
    names[3 * n - 2], names[3 * n - 1], names[3 * n] = key, key .. '\\n@', key .. '\\n@' .. database
  end
  local listening = redis.pcall('PUBSUB', 'NUMSUB', unpack(names))
  -- The user has no right to ask, so somebody may wait.
  if listening.err then return nil end
  local counts = {}
  for n = 1, #keys do
    local elsewhere = listening[6 * n - 4] - listening[6 * n - 2]
    local here = database == '0' and elsewhere or listening[6 * n]
    counts[n] = { here, database == '0' and here or here + elsewhere }
  end
  return counts
end

-- count: an item of countListeners; false if nobody can count.
local function tell(key, token, count, everywhere, database)
  if count and count[2] <= 0 and not everywhere then return 0 end
  local here = count and count[1] or ''
  local told = redis.pcall('PUBLISH', key, here .. '@' .. database .. ' ' .. token)
  -- The user has no right to publish. Waiters ask again when the ttl that they know is over.
  if type(told) ~= 'number' then return 0 end
  return count and count[1] or told
end
`;
