import { LUA_VOTES } from './batch-codes';

const { granted, replaced, numbered, replacedNumbered, denied, failed } = LUA_VOTES;

/** The part of the batch script that grants. It uses what batch-script.ts begins with. */
export const BATCH_ACQUIRE = `
-- acquire: any key is in the way, whatever its type or owner.
local function acquire(first, last)
  local call, keys, args = redis.pcall, KEYS, ARGV
  for i = first, last do
    local reply = call('SET', keys[i], args[i + 3], 'PX', ttl, 'NX')
    if not reply then
      votes[i] = ${denied}
    elseif reply.err then
      fault, votes[i] = reply.err, ${failed}
    else
      votes[i] = ${granted}
    end
  end
end

-- Returns false if nothing is in the way at these keys, else the vote of the request. The second value is the number of
-- keys that have the token that ends.
local function lookAtAll(first, last, ending)
  if ending == '' then
    local found = redis.pcall('EXISTS', unpack(KEYS, first, last))
    return found ~= 0 and vote(found, ${denied}, ${denied}), 0
  end
  local replaced = 0
  for i = first, last do
    if redis.pcall('GET', KEYS[i]) == ending then
      replaced = replaced + 1
    else
      local found = redis.pcall('EXISTS', KEYS[i])
      if found ~= 0 then return vote(found, ${denied}, ${denied}), 0 end
    end
  end
  return false, replaced
end

-- Grants all keys of a request or none. The vote says too if all of them had the token that ends.
local function grantAll(first, last, mine, ending)
  if first == last and ending == '' then
    return vote(redis.pcall('SET', KEYS[first], mine, 'PX', ttl, 'NX'), ${granted}, ${denied})
  end
  local inTheWay, replaced = lookAtAll(first, last, ending)
  if inTheWay then return inTheWay end
  -- A server without memory refuses the first of these writes, so it is still all or nothing.
  for i = first, last do
    if vote(redis.pcall('SET', KEYS[i], mine, 'PX', ttl), ${granted}, ${denied}) == ${failed} then return ${failed} end
  end
  return replaced == last - first + 1 and ${replaced} or ${granted}
end

-- acquireAll: several keys.
local function acquireAll(first, last)
  voteForAll(first, last, grantAll(first, last, ARGV[first + 3], ''))
end

-- acquireNumbered: one key or several, granted as above and numbered. It may replace a lease.
local function acquireNumbered(first, last)
  local counters = {}
  for n = 1, last - first + 1 do counters[n] = KEYS[#letters + fences + n] end
  fences = fences + #counters
  local mine, proposal, skew, keepMs, ending =
    string.match(ARGV[first + 3], '^(.-)\\n(%d+) (%d+) (%d+)\\n(.*)$')
  local ok, value = pcall(nextNumber, counters, tonumber(proposal), tonumber(skew))
  if not ok then
    voteForAll(first, last, refused(value))
    return
  end
  local letter = grantAll(first, last, mine, ending)
  if letter == ${granted} or letter == ${replaced} then
    -- A server without memory does not refuse this write: it has let the script write the keys above.
    keepIfNear(counters, value, tonumber(proposal), tonumber(skew), keepMs)
    if value ~= tonumber(proposal) then
      letter = letter == ${granted} and ${numbered} or ${replacedNumbered}
      numbers[#numbers + 1] = ',' .. digits(value)
    end
  end
  voteForAll(first, last, letter)
end
`;
