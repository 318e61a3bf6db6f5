import { createHash } from 'node:crypto';

/** A script and the name by which a server that has loaded it knows it. */
export interface LuaScript {
  readonly text: string;
  readonly sha: string;
}

/**
 * All or nothing. KEYS: the resources. ARGV: owner token, ttl in ms, and the owner token of a hold that ends here and
 * counts as free ('': none).
 * Reply: 'OK', 'REPLACED' when all keys had the token that ends, or for how many ms the key that stays longest is
 * kept (-1: for ever).
 */
export const ACQUIRE = script(`
-- Look at every key before any is written. Whatever is there is in the way, of any type and of any owner: owner
-- tokens are never used twice. But for the one that is replaced.
local taken, replaced = {}, 0
for i = 1, #KEYS do
  if ARGV[3] ~= '' and redis.pcall('GET', KEYS[i]) == ARGV[3] then
    replaced = replaced + 1
  elseif redis.call('EXISTS', KEYS[i]) == 1 then
    taken[#taken + 1] = KEYS[i]
  end
end

-- Denied: say when the last key in the way will be gone.
if #taken > 0 then
  local longest = 0
  for i = 1, #taken do
    local ttl = redis.call('PTTL', taken[i])
    if ttl == -1 then return -1 end
    if ttl > longest then longest = ttl end
  end
  return longest
end

-- Granted. A server without memory refuses the first of these writes, so it is still all or nothing.
for i = 1, #KEYS do
  redis.call('SET', KEYS[i], ARGV[1], 'PX', ARGV[2])
end
return redis.status_reply(replaced == #KEYS and 'REPLACED' or 'OK')
`);

/** Shared by the scripts that compare: the owner at a key, false for none, true for a key that is not a lock. */
const OWNER_OF = `
local function ownerOf(key)
  local owner = redis.pcall('GET', key)
  if type(owner) ~= 'table' then return owner end
  -- A hash, say, of another program: somebody else's. Any other error is not an answer.
  if string.find(owner.err, 'WRONGTYPE', 1, true) then return true end
  error(owner.err, 0)
end
`;

/**
 * Compare and expire, never earlier than it would anyway. KEYS: the resources. ARGV: owner token, ttl in ms.
 * Reply: 1 extended, 0 somebody else has a key (nothing was changed), 2 a missing key was put back.
 */
export const EXTEND = script(`
${OWNER_OF}
-- Look at every key before any is written: a hold that is partly somebody else's is lost, and is left alone.
local missing = {}
for i = 1, #KEYS do
  local owner = ownerOf(KEYS[i])
  if owner and owner ~= ARGV[1] then return 0 end
  missing[i] = not owner
end

-- Extend what is ours; put back what this server lost. That does not count as a vote before the next round:
-- another owner may have had the key and let it go in between.
local reply = 1
for i = 1, #KEYS do
  if missing[i] then
    redis.call('SET', KEYS[i], ARGV[1], 'PX', ARGV[2], 'NX')
    reply = 2
  else
    -- Never shorter: this may have been overtaken by a later extension, on whose ttl the holder counts.
    if redis.call('PTTL', KEYS[i]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
  end
end
return reply
`);

/**
 * Shared by the scripts that release: tells those who wait for a key which hold has ended and how many they are, and
 * gives the number of connections that heard it. In a cluster (everywhere) listeners may be connected to other servers,
 * which cannot be counted here.
 */
const TELL = `
local function countListeners(keys)
  local listening = redis.pcall('PUBSUB', 'NUMSUB', unpack(keys))
  -- A user without the right to ask: they may be there.
  return not listening.err and listening or nil
end

local function tell(key, token, listening, everywhere)
  if listening == 0 and not everywhere then return 0 end
  local known = not everywhere and listening or ''
  local told = redis.pcall('PUBLISH', key, known .. ' ' .. token)
  -- A user without the right to publish: waiters find out by themselves, when the ttl is over.
  return type(told) == 'number' and told or 0
end
`;

/**
 * Compare and delete. KEYS: the resources. ARGV: owner token, for how many ms to keep the keys (0: delete), and
 * whether to tell those who wait for them (1, in a cluster 2).
 * Reply: 1 all of them were ours, or 1 more than the number of connections that wait; 0 some were not ours.
 */
export const RELEASE = script(`
${OWNER_OF}
${TELL}
-- Only what is ours goes; whatever else is there stays as it is.
local released, listening = 0, 0
for i = 1, #KEYS do
  if ownerOf(KEYS[i]) == ARGV[1] then
    if ARGV[2] == '0' then
      redis.call('DEL', KEYS[i])
    else
      redis.call('PEXPIRE', KEYS[i], ARGV[2])
    end
    -- Also when it is kept: it ends earlier than they think.
    if ARGV[3] ~= '0' then
      local count = countListeners({ KEYS[i] })
      listening = math.max(listening, tell(KEYS[i], ARGV[1], count and count[2], ARGV[3] == '2'))
    end
    released = released + 1
  end
end
return released == #KEYS and 1 + listening or 0
`);

/**
 * Many requests in one: each on one key, in order, and none of them fails another.
 * KEYS: the key of each request. ARGV: a letter per request (a acquire, t acquire in place of another hold, e
 * extend, r release, w release and tell those who wait, W the same in a cluster), the ttl in ms of those that have one, and the owner token of
 * each; for t a line feed and the token that it replaces behind it.
 * Reply: a letter per request (g granted, p granted and replaced, 1-9 granted and so many wait, d denied, h denied and
 * put back, f failed); after a space the last error, if something failed.
 *
 * A call from a script costs Redis about a microsecond, so neighbours of a kind share what calls they can.
 */
export const BATCH = script(`
${TELL}
local letters, ttl = ARGV[1], ARGV[2]
local votes, fault = {}, nil

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
local function acquire(i)
  votes[i] = vote(redis.pcall('SET', KEYS[i], ARGV[i + 2], 'PX', ttl, 'NX'), 'g', 'd')
end

-- t: the hold that ends is not in the way.
local function replace(i)
  local mine, ending = string.match(ARGV[i + 2], '^(.*)\\n(.*)$')
  local replaces = redis.pcall('GET', KEYS[i]) == ending
  votes[i] = replaces and vote(redis.pcall('SET', KEYS[i], mine, 'PX', ttl), 'p', 'd')
    or vote(redis.pcall('SET', KEYS[i], mine, 'PX', ttl, 'NX'), 'g', 'd')
end

-- e: what is ours lasts for longer; what this server lost is put back, and votes in the next round only.
local function extend(first, last)
  local owners, putBack = ownersOf(first, last), {}
  for i = first, owners and last or first - 1 do
    local owner = putBack[KEYS[i]] or owners[i - first + 1]
    if owner == ARGV[i + 2] then
      -- Never shorter: this may have been overtaken by a later extension, on whose ttl the holder counts.
      local left = redis.pcall('PTTL', KEYS[i])
      local isShorter = type(left) == 'number' and left >= tonumber(ttl)
      votes[i] = isShorter and 'g' or vote(redis.pcall('PEXPIRE', KEYS[i], ttl), 'g', 'd')
    elseif owner then
      votes[i] = 'd'
    else
      votes[i] = vote(redis.pcall('SET', KEYS[i], ARGV[i + 2], 'PX', ttl, 'NX'), 'h', 'd')
      if votes[i] == 'h' then putBack[KEYS[i]] = ARGV[i + 2] end
    end
  end
end

-- Tells those who wait for the keys of these requests. One call finds out for which of them anybody does.
local function tellAll(requests)
  local keys = {}
  for n, i in ipairs(requests) do keys[n] = KEYS[i] end
  local count = countListeners(keys)
  for n, i in ipairs(requests) do
    local told = tell(KEYS[i], ARGV[i + 2], count and count[2 * n], string.byte(letters, i) == 87)
    if told > 0 then votes[i] = tostring(math.min(told, 9)) end
  end
end

-- r, w, W: only what is ours goes.
local function release(first, last)
  local owners = ownersOf(first, last)
  local gone, keys, told = {}, {}, {}
  for i = first, owners and last or first - 1 do
    local key = KEYS[i]
    if owners[i - first + 1] == ARGV[i + 2] and not gone[key] then
      gone[key] = true
      keys[#keys + 1] = key
      votes[i] = 'g'
      if string.byte(letters, i) ~= 114 then told[#told + 1] = i end
    else
      votes[i] = 'd'
    end
  end
  if #keys == 0 then return end
  local deleted = redis.pcall('DEL', unpack(keys))
  if type(deleted) == 'table' then
    fault = deleted.err
    for i = first, last do votes[i] = votes[i] == 'g' and 'f' or votes[i] end
  elseif #told > 0 then
    tellAll(told)
  end
end

-- Neighbours of a kind go together, and everything goes in order.
local kinds = { a = acquire, t = replace, e = extend, r = release, w = release, W = release }
local i = 1
while i <= #KEYS do
  local run = kinds[string.sub(letters, i, i)]
  local last = i
  if run == extend or run == release then
    while last < #KEYS and kinds[string.sub(letters, last + 1, last + 1)] == run do last = last + 1 end
  end
  run(i, last)
  i = last + 1
end
-- On a replica nothing was written. As an error it is noticed by the connection, which looks for the master again.
if fault and string.find(fault, 'READONLY', 1, true) then return redis.error_reply(fault) end
return table.concat(votes) .. (fault and ' ' .. fault or '')
`);

/** KEYS: one resource. Reply: nil, or the owner token and the ttl in ms (-1: for ever), read at the same moment. */
export const INSPECT = script(`
-- An error for a key of another type: there is no owner to tell of.
local owner = redis.call('GET', KEYS[1])
if not owner then return false end
return { owner, redis.call('PTTL', KEYS[1]) }
`);

export const ALL_SCRIPTS: readonly LuaScript[] = [ACQUIRE, EXTEND, RELEASE, INSPECT, BATCH];

function script(text: string): LuaScript {
  const trimmed = text.trim();
  return { text: trimmed, sha: createHash('sha1').update(trimmed).digest('hex') };
}
