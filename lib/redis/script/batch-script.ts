import { ASKS, LUA_VOTES, quoted } from './batch-codes';
import { BATCH_ACQUIRE } from './batch-acquire';
import { BATCH_EXTEND } from './batch-extend';
import { BATCH_RELEASE } from './batch-release';
import { GRANT_EACH } from './grant-all';
import { script, TIME } from './lua-script';

const { failed } = LUA_VOTES;
const { acquire, acquireNumbered, extend } = quoted(ASKS);
/** The letters of all kinds of releases, for a character class. */
const RELEASES = ASKS.release + ASKS.releaseAndTell + ASKS.releaseAndTellAll;
const { releases } = quoted({ releases: RELEASES });

/**
 * Runs many requests in one command, in order. Each request gets all of its keys or none, and no failed request
 * affects another.
 *
 * - KEYS: the keys of each request; then the counters of each request with a fence
 * - ARGV: 1 a letter for each key (`ASKS` in batch-codes.ts; a release of several keys is one request per key), 2
 *   the ttl in ms of all requests that have one, 3 the channel of all waiters (then a line feed, `@` and the
 *   database, if that is not 0), then for each letter the owner token and what belongs after it (for a further
 *   key, anything). One more argument asks for the time
 * - Reply: a text of four parts: a letter (`VOTES`) for each key, the same for all keys of a request; the fencing
 *   numbers, one for each request that has one, each after a comma; after a space the node's time in microseconds,
 *   or 0; and, if something failed, after a space the last error
 *
 * ```text
 *  KEYS     order:7   stock:3   stock:4   user:9
 *  ARGV[1]  a         A         +         r          one acquire, one acquire of two keys, one release
 *  ARGV[4…] token     token     -         token
 *  reply    g         d         d         g          granted, denied as a whole, granted
 * ```
 *
 * A call from a script costs Redis about a microsecond. So neighbours of the same kind share calls where they can.
 * If nobody waits, the locks of a batch cost a server the SET of each acquire, and one MGET and one DEL for all
 * releases.
 */
export const BATCH = script(`
local letters, ttl, everyone = ARGV[1], ARGV[2], ARGV[3]
local database = '0'
if string.find(everyone, '\\n@', 1, true) then
  everyone, database = string.match(everyone, '^(.*)\\n@(%d+)$')
end
local votes, fault = {}, nil
local numbers, time = {}, '0'
local requests
-- To make a function costs as much as a call, and these would cost more than a small batch. So the most frequent requests
-- are lines in the loop below, and only the others are functions.
if ARGV[#letters + 4] or string.find(letters, '[^${ASKS.acquire}${RELEASES}]') then
${TIME}
if ARGV[#letters + 4] or string.find(letters, ${acquireNumbered}, 1, true) then readTime() end
time = digits(now)

-- Gives a request the vote that pcall returned: the letter, or failed, if there was an error.
local function voteFor(first, last, ok, letter)
  if not ok then
    fault = tostring(type(letter) == 'table' and letter.err or letter)
    letter = ${failed}
  end
  for i = first, last do votes[i] = letter end
end
${BATCH_ACQUIRE}
${BATCH_EXTEND}
requests = { ${ASKS.acquireAll} = acquireAll, ${ASKS.extend} = extend, ${ASKS.extendAll} = extendAll, ${ASKS.acquireNumbered} = acquireNumbered, ${ASKS.takeOver} = takeOver }
end
-- Neighbours of the same kind are handled together, and all requests in order.
local i, count = 1, #letters
while i <= count do
  local first, letter = i, string.sub(letters, i, i)
  local isRelease = string.find(${releases}, letter, 1, true)
  local others = isRelease and '[^${RELEASES}]' or letter == ${acquire} and '[^${ASKS.acquire}]'
    or letter == ${extend} and '[^${ASKS.extend}]' or '[^${ASKS.further}]'
  local last = (string.find(letters, others, i + 1) or count + 1) - 1
  if letter == ${acquire} then
${GRANT_EACH}
  elseif isRelease then
${BATCH_RELEASE}
  else
    requests[letter](first, last)
  end
  i = last + 1
end
-- A replica has written nothing. The connection notices this error, and looks for the master again.
if fault and string.find(fault, 'READONLY', 1, true) then return redis.error_reply(fault) end
return table.concat(votes) .. table.concat(numbers) .. ' ' .. time .. (fault and ' ' .. fault or '')
`);
