import { ASKS, LUA_VOTES } from './batch-codes';
import { KEEP_ONE } from './keep-one';

const { granted, denied, putBack, failed } = LUA_VOTES;

/** The part of the batch script that keeps holds alive. It uses what batch-script.ts begins with. */
export const BATCH_EXTEND = `
local extend, extendTogether, takeOver
-- Functions cost as much to make as calls, and most batches extend nothing.
if string.find(letters, '[${ASKS.extend}${ASKS.extendAll}${ASKS.takeOver}]') then
${KEEP_ONE}
local function extendOne(i, mine, owner, ending)
  local ok, letter = pcall(keepOne, KEYS[i], owner, mine, ending, ttl)
  votes[i] = ok and letter or refused(letter)
end

-- extend.
function extend(first, last)
  local owners, putBack = ownersOf(first, last), {}
  for i = first, owners and last or first - 1 do
    extendOne(i, ARGV[i + 3], putBack[KEYS[i]] or owners[i - first + 1])
    if votes[i] == ${putBack} then putBack[KEYS[i]] = ARGV[i + 3] end
  end
end

-- Whether somebody else has a key that several are asked for together: then none of them is touched.
local function isForeign(i, owner, mine, other)
  if owner then return owner ~= mine and owner ~= other end
  -- It may be there although it has no owner.
  return redis.pcall('EXISTS', KEYS[i]) ~= 0
end

-- The vote for a request on these keys, each of which has a vote of its own.
local function worst(first, last)
  local found = {}
  for i = first, last do found[votes[i]] = true end
  return found[${failed}] and ${failed} or found[${denied}] and ${denied} or found[${putBack}] and ${putBack} or ${granted}
end

-- All keys of a request stay ours, or become so where another hold had them.
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

-- extendAll.
function extendTogether(first, last)
  extendAll(first, last, ARGV[first + 3], nil)
end

-- takeOver: one key or several; what the other hold has is ours from now on.
function takeOver(first, last)
  extendAll(first, last, string.match(ARGV[first + 3], '^(.*)\\n(.*)$'))
end
end
`;
