import { ASKS, LUA_VOTES, quoted } from './batch-codes';
import { BATCH_ACQUIRE } from './batch-acquire';
import { BATCH_EXTEND } from './batch-extend';
import { BATCH_RELEASE } from './batch-release';
import { NUMBER, script, TELL } from './lua-script';

const { failed } = LUA_VOTES;
const { acquireNumbered, releaseAndTellAll } = quoted(ASKS);
/** All that release, as a class of characters has them. */
const RELEASES = ASKS.release + ASKS.releaseAndTell + ASKS.releaseAndTellAll;

/**
 * Many requests in one, in order: each is granted all of its keys or none, and none of them fails another.
 * KEYS: the keys of each request, then the counters of each that has a fence. ARGV: a letter per key (`ASKS` in
 * batch-codes.ts; releases are given for each key by itself), the ttl in ms of those that have one, the channel that all who
 * wait are subscribed to (with the database, if that is not 0), and for each letter the owner token and what belongs behind it
 * (for a further key anything). One argument more asks for the time.
 * Reply: a letter per key, for all keys of a request the same (`VOTES`); after a comma each, the numbers of those that have
 * one, one per request; after a space the node's time in microseconds, or 0; after a space the last error, if something
 * failed.
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
-- All releases of a node that tell do so everywhere, or none.
local everywhere = string.find(letters, ${releaseAndTellAll}, 1, true) ~= nil
if ARGV[#letters + 4] or string.find(letters, ${acquireNumbered}, 1, true) then readTime() end

-- That it failed, when Redis refused the command, else the vote that its reply stands for.
local function vote(reply, granted, denied)
  if type(reply) == 'table' and reply.err then
    fault = reply.err
    return ${failed}
  end
  return reply and granted or denied
end

-- The same where a function of ours ended so.
local function refused(reason)
  fault = tostring(type(reason) == 'table' and reason.err or reason)
  return ${failed}
end

local function voteForAll(first, last, letter)
  for i = first, last do votes[i] = letter end
end

-- The owners of the keys from first to last; a key that is not a string has none.
local function ownersOf(first, last)
  local owners = redis.pcall('MGET', unpack(KEYS, first, last))
  if not owners.err then return owners end
  fault = owners.err
  voteForAll(first, last, ${failed})
  return nil
end
${BATCH_ACQUIRE}
${BATCH_EXTEND}
${BATCH_RELEASE}
-- Neighbours of a kind go together, and everything goes in order.
local runs = { ${ASKS.acquire} = acquire, ${ASKS.extend} = extend, ${each(RELEASES, 'release')} }
local others = { ${ASKS.acquire} = '[^${ASKS.acquire}]', ${ASKS.extend} = '[^${ASKS.extend}]', ${each(RELEASES, `'[^${RELEASES}]'`)} }
local requests = { ${ASKS.acquireAll} = acquireAll, ${ASKS.extendAll} = extendTogether, ${ASKS.acquireNumbered} = acquireNumbered, ${ASKS.takeOver} = takeOver }
local i = 1
while i <= #letters do
  local letter = string.sub(letters, i, i)
  local last = (string.find(letters, others[letter] or '[^${ASKS.further}]', i + 1) or #letters + 1) - 1
  local run = runs[letter] or requests[letter]
  run(i, last)
  i = last + 1
end
-- On a replica nothing was written. As an error it is noticed by the connection, which looks for the master again.
if fault and string.find(fault, 'READONLY', 1, true) then return redis.error_reply(fault) end
return table.concat(votes) .. table.concat(numbers) .. ' ' .. digits(now) .. (fault and ' ' .. fault or '')
`);

/** `r = value, w = value` */
function each(letters: string, value: string): string {
  return Array.from(letters, (letter) => `${letter} = ${value}`).join(', ');
}
