import { ASKS, LUA_VOTES } from './batch-codes';
import { GRANT_ALL } from './grant-all';
import { COUNTERS, FENCE } from './lua-script';

const { granted, numbered, replacedNumbered, denied } = LUA_VOTES;

/**
 * The part of the batch script that grants several keys or a number. One key without a number is granted by GRANT_EACH. It
 * uses what batch-script.ts begins with.
 */
export const BATCH_ACQUIRE = `
local acquireAll, acquireNumbered
if string.find(letters, '[${ASKS.acquireAll}${ASKS.acquireNumbered}]') then
${COUNTERS}
${FENCE}
${GRANT_ALL}
local fences = 0
-- acquireAll: several keys.
function acquireAll(first, last)
  voteFor(first, last, pcall(grantAll, first, last, ARGV[first + 3], ttl, ''))
end

-- acquireNumbered: one key or several, granted as above and numbered. It may replace a lease.
function acquireNumbered(first, last)
  local counters = {}
  for n = 1, last - first + 1 do counters[n] = KEYS[#letters + fences + n] end
  fences = fences + #counters
  local mine, proposal, skew, keepMs, ending =
    string.match(ARGV[first + 3], '^(.-)\\n(%d+) (%d+) (%d+)\\n(.*)$')
  local fence =
    { counters = counters, proposal = tonumber(proposal), skew = tonumber(skew), keepMs = keepMs }
  local ok, letter = pcall(grantAll, first, last, mine, ttl, ending, false, fence)
  if ok and letter ~= ${denied} and fence.number ~= fence.proposal then
    letter = letter == ${granted} and ${numbered} or ${replacedNumbered}
    numbers[#numbers + 1] = ',' .. digits(fence.number)
  end
  voteFor(first, last, ok, letter)
end
end
`;
