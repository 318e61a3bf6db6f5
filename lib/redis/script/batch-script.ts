import { ASKS, LUA_VOTES, quoted } from './batch-codes';
import { BATCH_ACQUIRE } from './batch-acquire';
import { BATCH_EXTEND } from './batch-extend';
import { BATCH_RELEASE } from './batch-release';
import { COUNTERS, FENCE, script, TIME } from './lua-script';

const { failed } = LUA_VOTES;
const { acquireNumbered, releaseAndTellAll } = quoted(ASKS);
/** The letters of all kinds of releases, for a character class. */
const RELEASES = ASKS.release + ASKS.releaseAndTell + ASKS.releaseAndTellAll;

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
${TIME}
${COUNTERS}
${FENCE}
local letters, ttl, everyone = ARGV[1], ARGV[2], ARGV[3]
local database = '0'
if string.find(everyone, '\\n@', 1, true) then
  everyone, database = string.match(everyone, '^(.*)\\n@(%d+)$')
end
local votes, fault = {}, nil
local numbers, fences = {}, 0
-- The telling releases of one node are all of the same kind: in a cluster, or not.
local everywhere = string.find(letters, ${releaseAndTellAll}, 1, true) ~= nil
if ARGV[#letters + 4] or string.find(letters, ${acquireNumbered}, 1, true) then readTime() end

-- Gives a request the vote that pcall returned: the letter, or failed, if there was an error.
local function voteFor(first, last, ok, letter)
  if not ok then
    fault = tostring(type(letter) == 'table' and letter.err or letter)
    letter = ${failed}
  end
  for i = first, last do votes[i] = letter end
end

-- Returns the owners of the keys from first to last. A key that is not a string has none.
local function ownersOf(first, last)
  local owners = redis.pcall('MGET', unpack(KEYS, first, last))
  if not owners.err then return owners end
  voteFor(first, last, false, owners)
  return nil
end
${BATCH_ACQUIRE}
${BATCH_EXTEND}
${BATCH_RELEASE}
-- Neighbours of the same kind are handled together, and all requests in order.
local runs = { ${ASKS.acquire} = grantEach, ${ASKS.extend} = extend, ${each(RELEASES, 'release')} }
local others = { ${ASKS.acquire} = '[^${ASKS.acquire}]', ${ASKS.extend} = '[^${ASKS.extend}]', ${each(RELEASES, `'[^${RELEASES}]'`)} }
local requests = { ${ASKS.acquireAll} = acquireAll, ${ASKS.extendAll} = extendAll, ${ASKS.acquireNumbered} = acquireNumbered, ${ASKS.takeOver} = takeOver }
local i = 1
while i <= #letters do
  local letter = string.sub(letters, i, i)
  local last = (string.find(letters, others[letter] or '[^${ASKS.further}]', i + 1) or #letters + 1) - 1
  local run = runs[letter] or requests[letter]
  run(i, last)
  i = last + 1
end
-- A replica has written nothing. The connection notices this error, and looks for the master again.
if fault and string.find(fault, 'READONLY', 1, true) then return redis.error_reply(fault) end
return table.concat(votes) .. table.concat(numbers) .. ' ' .. digits(now) .. (fault and ' ' .. fault or '')
`);

/** Makes `r = value, w = value` of the letters `rw`. */
function each(letters: string, value: string): string {
  return Array.from(letters, (letter) => `${letter} = ${value}`).join(', ');
}
