import { BATCH_ACQUIRE } from './batch-acquire';
import { BATCH_EXTEND } from './batch-extend';
import { BATCH_RELEASE } from './batch-release';
import { NUMBER, script, TELL } from './lua-script';

/**
 * Many requests in one, in order: each is granted all of its keys or none, and none of them fails another.
 * KEYS: the keys of each request, then the counters of each that has a fence. ARGV: a letter per key (a acquire,
 * n acquire with a fence, e extend, t take over another hold, A and E the same as a and e for several keys, + for each
 * further key of A, E, n and t; r release, w release and tell those who wait, W the same in a cluster, which are given
 * for each key by itself), the ttl in ms of those that have one, the channel that all who wait are subscribed to (with the
 * database, if that is not 0), and the owner token of each letter (for + anything). For t a line feed and the token that it takes over are behind it; for n a
 * line feed, the proposal, how far it may be off, for how many ms to keep the counters, another line feed, and the token
 * that it replaces, if any. One argument more asks for the time.
 * Reply: a letter per key, for all keys of a request the same (g granted, p granted and replaced, 1-9 granted and so many
 * wait, d denied, h denied and put back, f failed; with a fence, n and q for g and p with a number other than was
 * proposed); after a comma each, the numbers of n and q, one per request; after a space the node's time in microseconds,
 * or 0; after a space the last error, if something failed.
 *
 * A call from a script costs Redis about a microsecond, so neighbours of a kind share what calls they can. What locks
 * cost a server when nobody waits is these two: the SET of each acquire, and the MGET and DEL of all releases.
 */
export const BATCH = script(`
${TELL}
${NUMBER}
local letters, ttl, everyone = ARGV[1], ARGV[2], ARGV[3]
local database = '0'
if string.find(everyone, '\\n@', 1, true) then
  everyone, database = string.match(everyone, '^(.*)\\n@(%d+)$')
end
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

local function voteForAll(first, last, letter)
  for i = first, last do votes[i] = letter end
end

-- The owners of the keys from first to last; a key that is not a string has none.
local function ownersOf(first, last)
  local owners = redis.pcall('MGET', unpack(KEYS, first, last))
  if not owners.err then return owners end
  fault = owners.err
  voteForAll(first, last, 'f')
  return nil
end
${BATCH_ACQUIRE}
${BATCH_EXTEND}
${BATCH_RELEASE}
-- Neighbours of a kind go together, and everything goes in order.
local runs = { a = acquire, e = extend, r = release, w = release, W = release }
local others = { a = '[^a]', e = '[^e]', r = '[^rwW]', w = '[^rwW]', W = '[^rwW]' }
local requests = { A = acquireAll, E = extendTogether, n = acquireNumbered, t = takeOver }
local i = 1
while i <= #letters do
  local letter = string.sub(letters, i, i)
  local last = (string.find(letters, others[letter] or '[^+]', i + 1) or #letters + 1) - 1
  local run = runs[letter] or requests[letter]
  run(i, last)
  i = last + 1
end
-- On a replica nothing was written. As an error it is noticed by the connection, which looks for the master again.
if fault and string.find(fault, 'READONLY', 1, true) then return redis.error_reply(fault) end
return table.concat(votes) .. table.concat(numbers) .. ' ' .. digits(now) .. (fault and ' ' .. fault or '')
`);
