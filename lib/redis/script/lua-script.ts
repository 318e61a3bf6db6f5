import { createHash } from 'node:crypto';

/** A script and the name by which a server that has loaded it knows it. */
export interface LuaScript {
  readonly text: string;
  readonly sha: string;
}

export function script(text: string): LuaScript {
  const trimmed = text.trim();
  return { text: trimmed, sha: createHash('sha1').update(trimmed).digest('hex') };
}

/**
 * Shared by the scripts that grant: the node's time in microseconds, and fencing counters. A Lua number keeps such
 * numbers exactly, but is written with all its digits only when it is told to.
 */
export const NUMBER = `
local function digits(number)
  return string.format('%.0f', number)
end

-- 0 until it is read, and for a user without the right to ask.
local now = 0
local function readTime()
  local time = redis.pcall('TIME')
  now = time.err and 0 or time[1] * 1000000 + time[2]
end

-- One number for all of these counters: above each of them, and the proposal as far as it is to be believed. It writes
-- nothing yet: a counter that is none must fail the request before anything is granted.
local function nextNumber(counters, proposal, skew)
  if now == 0 then error('NOPERM fencing needs the right to call TIME', 0) end
  local value = math.max(now - skew, math.min(proposal, now + skew))
  for _, counter in ipairs(counters) do
    local last = redis.call('GET', counter)
    if last then value = math.max(value, last + 1) end
  end
  return value
end

-- Never forgotten earlier than it would be anyway: others share the counter, and may keep theirs for longer.
local function keepNumber(counters, value, keepMs)
  for _, counter in ipairs(counters) do
    local left, least = redis.pcall('PTTL', counter), tonumber(keepMs)
    if type(left) ~= 'number' or left < least then left = least end
    redis.call('SET', counter, digits(value), 'PX', digits(left))
  end
end

-- A number that is far from the proposal is that of a clock that is wrong. Its grant does not count, and the resources
-- that share the counter are spared it.
local function keepIfNear(counters, value, proposal, skew, keepMs)
  if math.abs(value - proposal) <= 2 * skew then keepNumber(counters, value, keepMs) end
end
`;

/**
 * Shared by the scripts that release: tells those who wait for a key which hold has ended and how many they are, and
 * gives the number of connections that heard it. In a cluster (everywhere) listeners may be connected to other servers,
 * which cannot be counted here.
 */
export const TELL = `
-- For each key how many wait for it in this database, and how many may. Channels know no databases: who waits in
-- another one than 0 is at two more channels (release-channel.ts), and processes of an older version are at neither.
local function countListeners(keys, database)
  local names = {}
  for n, key in ipairs(keys) do
    names[3 * n - 2], names[3 * n - 1], names[3 * n] = key, key .. '\\n@', key .. '\\n@' .. database
  end
  local listening = redis.pcall('PUBSUB', 'NUMSUB', unpack(names))
  -- A user without the right to ask: they may be there.
  if listening.err then return nil end
  local counts = {}
  for n = 1, #keys do
    local elsewhere = listening[6 * n - 4] - listening[6 * n - 2]
    local here = database == '0' and elsewhere or listening[6 * n]
    counts[n] = { here, database == '0' and here or here + elsewhere }
  end
  return counts
end

-- count: of countListeners; false where nobody can count.
local function tell(key, token, count, everywhere, database)
  if count and count[2] <= 0 and not everywhere then return 0 end
  local here = count and count[1] or ''
  local told = redis.pcall('PUBLISH', key, here .. '@' .. database .. ' ' .. token)
  -- A user without the right to publish: waiters find out by themselves, when the ttl is over.
  if type(told) ~= 'number' then return 0 end
  return count and count[1] or told
end
`;
