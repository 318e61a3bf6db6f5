import { ASKS, LUA_VOTES } from './batch-codes';
import { KEEP_ONE } from './keep-one';

const { granted, denied, putBack, failed } = LUA_VOTES;

/** The part of the batch script that extends. It uses what batch-script.ts begins with. */
export const BATCH_EXTEND = `
local extend, extendTogether, takeOver
-- To make a function costs as much as a call, and most batches extend nothing.
if string.find(letters, '[${ASKS.extend}${ASKS.extendAll}${ASKS.takeOver}]') then
${KEEP_ONE}
local function extendOne(i, mine, owner, ending)
  local ok, letter = pcall(keepOne, KEYS[i], owner, mine, ending, ttl)
  votes[i] = ok and letter or refused(letter)
end

-- extend: one key for each request.
function extend(first, last)
  local owners, putBack = ownersOf(first, last), {}
  for i = first, owners and last or first - 1 do
    extendOne(i, ARGV[i + 3], putBack[KEYS[i]] or owners[i - first + 1])
    if votes[i] == ${putBack} then putBack[KEYS[i]] = ARGV[i + 3] end
  end
end

-- Tells if somebody else has the key. If that is so for one key of a request, none of its keys is changed.
local function isForeign(i, owner, mine, other)
  if owner then return owner ~= mine and owner ~= other end
  -- A key without an owner may exist all the same: it is of another type.
  return redis.pcall('EXISTS', KEYS[i]) ~= 0
end

-- The vote of a request, from the votes of its keys.
local function worst(first, last)
  local found = {}
  for i = first, last do found[votes[i]] = true end
  return found[${failed}] and ${failed} or found[${denied}] and ${denied} or found[${putBack}] and ${putBack} or ${granted}
end

-- All keys of a request stay ours. Keys that another lease had (other) become ours.
local function extendAll(first, last, mine, other)
  local owners = ownersOf(first, last)
  if not owners then return end
  for i = first, first < last and last or first - 1 do
    if isForeign(i, owners[i - first + 1], mine, other) then
      voteForAll(first, last, ${denied})
      return
    end
  end
  for i = first, last do
    extendOne(i, mine, owners[i - first + 1], other)
  end
  voteForAll(first, last, worst(first, last))
end

-- extendAll: several keys.
function extendTogether(first, last)
  extendAll(first, last, ARGV[first + 3], nil)
end

-- takeOver: one key or several. Keys of the other lease are ours from now on.
function takeOver(first, last)
  extendAll(first, last, string.match(ARGV[first + 3], '^(.*)\\n(.*)$'))
end
end
`;
