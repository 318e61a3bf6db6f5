import { ASKS, LUA_VOTES } from './batch-codes';
import { KEEP_ALL } from './keep-all';

const { putBack } = LUA_VOTES;

/** The part of the batch script that extends. It uses what batch-script.ts begins with. */
export const BATCH_EXTEND = `
local extend, extendAll, takeOver
if string.find(letters, '[${ASKS.extend}${ASKS.extendAll}${ASKS.takeOver}]') then
${KEEP_ALL}
-- extend: one key for each request. A key may be there twice, and is then put back for the first request.
function extend(first, last)
  local owners, putBack = redis.pcall('MGET', unpack(KEYS, first, last)), {}
  if owners.err then
    voteFor(first, last, false, owners)
    return
  end
  for i = first, last do
    local key, mine = KEYS[i], ARGV[i + 3]
    voteFor(i, i, pcall(keepOne, key, putBack[key] or owners[i - first + 1], mine, nil, ttl))
    if votes[i] == ${putBack} then putBack[key] = mine end
  end
end

-- extendAll: several keys.
function extendAll(first, last)
  voteFor(first, last, pcall(keepAll, first, last, ARGV[first + 3], nil, ttl, true))
end

-- takeOver: one key or several. Keys of the other lease are ours from now on.
function takeOver(first, last)
  local mine, ending = string.match(ARGV[first + 3], '^(.*)\\n(.*)$')
  voteFor(first, last, pcall(keepAll, first, last, mine, ending, ttl, true))
end
end
`;
