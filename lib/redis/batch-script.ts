import { NUMBER, script, TELL } from './lua-script';

/**
 * Many requests in one: each on one key, in order, and none of them fails another.
 * KEYS: the key of each request, then the counter of each that has a fence. ARGV: a letter per request (a acquire,
 * n acquire with a fence, e extend, t take over another hold, r release, w release and tell those who wait,
 * W the same in a cluster), the ttl in ms of those that have one, the channel that all who wait are subscribed to, and the
 * owner token of each. For t a line feed and the token that it takes over are behind it; for n a line feed, the proposal,
 * how far it may be off, for how many ms to keep the counter, another line feed, and the token that it replaces, if any.
 * One argument more asks for the time.
 * Reply: a letter per request (g granted, p granted and replaced, 1-9 granted and so many wait, d denied, h denied and
 * put back, f failed; with a fence, n and q for g and p with a number other than was proposed); after a comma each, the
 * numbers of n and q; after a space the node's time in microseconds, or 0; after a space the last error, if something failed.
 *
 * A call from a script costs Redis about a microsecond, so neighbours of a kind share what calls they can. What locks
 * cost a server when nobody waits is these two: the SET of each acquire, and the MGET and DEL of all releases.
 */
export const BATCH = script(`
${TELL}
${NUMBER}
local letters, ttl, everyone = ARGV[1], ARGV[2], ARGV[3]
local votes, fault = {}, nil
local numbers, fences = {}, 0
-- All releases of a node are w, or all of them W.
local everywhere = string.find(letters, 'W', 1, true) ~= nil
if ARGV[#letters + 4] or string.find(letters, 'n', 1, true) then readTime() end

-- 'f' when Redis refused the command, else the vote that its reply stands for.
local function vote(reply, granted, denied)
  if type(reply) == 'table' and reply.err then
    fault = reply.err
    return 'f'
  end
  return reply and granted or denied
end

-- The owners of the keys from first to last; a key that is not a string has none.
local function ownersOf(first, last)
  local owners = redis.pcall('MGET', unpack(KEYS, first, last))
  if not owners.err then return owners end
  fault = owners.err
  for i = first, last do votes[i] = 'f' end
  return nil
end

-- a: whatever is there, of any type and of any owner, is in the way.
local function acquire(first, last)
  local call, keys, args = redis.pcall, KEYS, ARGV
  for i = first, last do
    local reply = call('SET', keys[i], args[i + 3], 'PX', ttl, 'NX')
    if not reply then
      votes[i] = 'd'
    elseif reply.err then
      fault, votes[i] = reply.err, 'f'
    else
      votes[i] = 'g'
    end
  end
end

-- n: granted as above, also where it replaces a hold, and numbered.
local function acquireNumbered(i)
  fences = fences + 1
  local counter = KEYS[#letters + fences]
  local mine, proposal, skew, keepMs, ending =
    string.match(ARGV[i + 3], '^(.-)\\n(%d+) (%d+) (%d+)\\n(.*)$')
  local ok, value = pcall(nextNumber, { counter }, tonumber(proposal), tonumber(skew))
  if not ok then
    fault, votes[i] = tostring(type(value) == 'table' and value.err or value), 'f'
    return
  end
  local replaces = ending ~= '' and redis.pcall('GET', KEYS[i]) == ending
  votes[i] = replaces and vote(redis.pcall('SET', KEYS[i], mine, 'PX', ttl), 'p', 'd')
    or vote(redis.pcall('SET', KEYS[i], mine, 'PX', ttl, 'NX'), 'g', 'd')
  if votes[i] ~= 'g' and votes[i] ~= 'p' then return end
  -- Not refused by a server without memory: it has let the script write the line above.
  keepNumber({ counter }, value, keepMs)
  if value ~= tonumber(proposal) then
    votes[i] = votes[i] == 'g' and 'n' or 'q'
    numbers[#numbers + 1] = ',' .. digits(value)
  end
end

-- What is ours lasts for longer; what this server lost is put back, and votes in the next round only.
local function extendOne(i, mine, owner)
  if owner == mine then
    -- Never shorter: this may have been overtaken by a later extension, on whose ttl the holder counts.
    local left = redis.pcall('PTTL', KEYS[i])
    local isShorter = type(left) == 'number' and left >= tonumber(ttl)
    votes[i] = isShorter and 'g' or vote(redis.pcall('PEXPIRE', KEYS[i], ttl), 'g', 'd')
  elseif owner then
    votes[i] = 'd'
  else
    votes[i] = vote(redis.pcall('SET', KEYS[i], mine, 'PX', ttl, 'NX'), 'h', 'd')
  end
end

-- e
local function extend(first, last)
  local owners, putBack = ownersOf(first, last), {}
  for i = first, owners and last or first - 1 do
    extendOne(i, ARGV[i + 3], putBack[KEYS[i]] or owners[i - first + 1])
    if votes[i] == 'h' then putBack[KEYS[i]] = ARGV[i + 3] end
  end
end

-- t: the same, where what the other hold has is ours from now on.
local function takeOver(i)
  local mine, other = string.match(ARGV[i + 3], '^(.*)\\n(.*)$')
  local owners = ownersOf(i, i)
  if owners and owners[1] == other then
    votes[i] = vote(redis.pcall('SET', KEYS[i], mine, 'PX', ttl), 'g', 'd')
  elseif owners then
    extendOne(i, mine, owners[1])
  end
end

-- Whether from first to last every key is ours. It may be there twice.
local function areAllOurs(first, last, owners)
  for i = first, last do
    if owners[i - first + 1] ~= ARGV[i + 3] then return false end
  end
  return true
end

-- The requests from first to last whose key is ours, each key once; they are granted, and the others denied.
local function pickOurs(first, last, owners)
  local requests, keys, seen = {}, {}, {}
  for i = first, last do
    local key = KEYS[i]
    votes[i] = 'd'
    if owners[i - first + 1] == ARGV[i + 3] and not seen[key] then
      seen[key], votes[i] = true, 'g'
      requests[#requests + 1], keys[#keys + 1] = i, key
    end
  end
  return requests, keys
end

-- Tells those who wait for keys that were released with w or W.
local function tellAll(requests, keys)
  local count = not everywhere and countListeners(keys)
  for n, i in ipairs(requests) do
    if string.sub(letters, i, i) ~= 'r' then
      local told = tell(keys[n], ARGV[i + 3], count and count[2 * n], everywhere)
      if told > 0 then votes[i] = tostring(math.min(told, 9)) end
    end
  end
end

-- Whether somebody may want to hear of the releases from first to last: who waits for any key of this server is
-- subscribed to the one channel too. In a cluster it may be at another server.
local function isHeard(first, last)
  if everywhere then return true end
  if not string.find(string.sub(letters, first, last), 'w', 1, true) then return false end
  local count = countListeners({ everyone })
  return not count or count[2] ~= 0
end

-- r, w, W: only what is ours goes. As a rule that is everything, and nobody waits.
local function release(first, last)
  local owners = ownersOf(first, last)
  if not owners then return end
  local deleted, heard = nil, isHeard(first, last)
  if areAllOurs(first, last, owners) then
    deleted = redis.pcall('DEL', unpack(KEYS, first, last))
    if deleted == last - first + 1 and not heard then
      for i = first, last do votes[i] = 'g' end
      return
    end
  end
  local requests, keys = pickOurs(first, last, owners)
  if #keys == 0 then return end
  deleted = deleted or redis.pcall('DEL', unpack(keys))
  if type(deleted) == 'table' then
    fault = deleted.err
    for _, i in ipairs(requests) do votes[i] = 'f' end
  elseif heard then
    tellAll(requests, keys)
  end
end

-- Neighbours of a kind go together, and everything goes in order.
local runs = { a = acquire, e = extend, r = release, w = release, W = release }
local others = { a = '[^a]', e = '[^e]', r = '[^rwW]', w = '[^rwW]', W = '[^rwW]' }
local i = 1
while i <= #letters do
  local letter = string.sub(letters, i, i)
  local last = i
  if runs[letter] then
    last = (string.find(letters, others[letter], i) or #letters + 1) - 1
    runs[letter](i, last)
  elseif letter == 't' then
    takeOver(i)
  else
    acquireNumbered(i)
  end
  i = last + 1
end
-- On a replica nothing was written. As an error it is noticed by the connection, which looks for the master again.
if fault and string.find(fault, 'READONLY', 1, true) then return redis.error_reply(fault) end
return table.concat(votes) .. table.concat(numbers) .. ' ' .. digits(now) .. (fault and ' ' .. fault or '')
`);
