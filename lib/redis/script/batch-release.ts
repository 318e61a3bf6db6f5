import { ASKS, LUA_VOTES } from './batch-codes';

const { granted, denied, failed } = LUA_VOTES;

/** The part of the batch script that releases. It uses what batch-script.ts begins with. */
export const BATCH_RELEASE = `
-- Tells if every key from first to last is ours. A key may be there twice.
local function areAllOurs(first, last, owners)
  for i = first, last do
    if owners[i - first + 1] ~= ARGV[i + 3] then return false end
  end
  return true
end

-- Returns the requests from first to last whose key is ours, each key once. They are granted, and the others denied.
local function pickOurs(first, last, owners)
  local requests, keys, seen = {}, {}, {}
  for i = first, last do
    local key = KEYS[i]
    votes[i] = ${denied}
    if owners[i - first + 1] == ARGV[i + 3] and not seen[key] then
      seen[key], votes[i] = true, ${granted}
      requests[#requests + 1], keys[#keys + 1] = i, key
    end
  end
  return requests, keys
end

-- Tells the waiters of the released keys, for the requests that ask for that.
local function tellAll(requests, keys)
  local counts = not everywhere and countListeners(keys, database)
  for n, i in ipairs(requests) do
    if string.sub(letters, i, i) ~= '${ASKS.release}' then
      local told = tell(keys[n], ARGV[i + 3], counts and counts[n], everywhere, database)
      if told > 0 then votes[i] = tostring(math.min(told, 9)) end
    end
  end
end

-- Tells if somebody may wait for the keys from first to last. Every waiter of this server is subscribed to the one
-- channel too. In a cluster a waiter may be at another server.
local function isHeard(first, last)
  if everywhere then return true end
  if not string.find(string.sub(letters, first, last), '${ASKS.releaseAndTell}', 1, true) then return false end
  local listening = redis.pcall('PUBSUB', 'NUMSUB', everyone)
  return listening.err or listening[2] ~= 0
end

-- release, releaseAndTell, releaseAndTellAll: only keys that are ours are removed. Usually that is all of them, and nobody
-- waits.
local function release(first, last)
  local owners = ownersOf(first, last)
  if not owners then return end
  local deleted, heard = nil, isHeard(first, last)
  if areAllOurs(first, last, owners) then
    deleted = redis.pcall('DEL', unpack(KEYS, first, last))
    if deleted == last - first + 1 and not heard then
      for i = first, last do votes[i] = ${granted} end
      return
    end
  end
  local requests, keys = pickOurs(first, last, owners)
  if #keys == 0 then return end
  deleted = deleted or redis.pcall('DEL', unpack(keys))
  if type(deleted) == 'table' then
    fault = deleted.err
    for _, i in ipairs(requests) do votes[i] = ${failed} end
  elseif heard then
    tellAll(requests, keys)
  end
end
`;
