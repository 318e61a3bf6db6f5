import { LUA_VOTES } from './batch-codes';
import { TELL } from './lua-script';

const { granted, denied, failed } = LUA_VOTES;

/**
 * Sets `heard`: tells if somebody may wait for a key. It needs `tells`, `everywhere` and `everyone`. Every waiter of this
 * server is subscribed to the one channel `everyone` too. In a cluster (`everywhere`) a waiter may be at another server.
 *
 * These are lines and no function, since to make a function costs as much as a call.
 */
export const IS_HEARD = `
local heard = everywhere
if tells and not everywhere then
  local listening = redis.pcall('PUBSUB', 'NUMSUB', everyone)
  heard = listening.err or listening[2] ~= 0
end
`;

/**
 * The rule by which exclusive locks are released, alone and in a batch: of the keys from `first` to `last` only keys that are
 * ours are removed, and their waiters are told. These are lines too: as a function they cost a tenth of a release more.
 *
 * They need these variables:
 *
 * - `owners`: the owner of each key. A key may be there twice
 * - `keepMs`: the time for which the keys are kept ('0': remove them)
 * - `heard`, `everywhere`, `database`: if somebody may wait, and where
 * - `mostTold`: the highest number of waiters that the script can reply
 * - `votes` gets the vote for each key: a letter, or the number of waiters. `fault` gets an error
 *
 * @param token the owner token for the key `i`, as a Lua expression
 * @param tells tells if the waiters of the key `i` are told, as a Lua expression
 */
export function releaseOurs(token: string, tells: string): string {
  return `
local removed, areAllOurs = nil, keepMs == '0'
for i = first, areAllOurs and last or first - 1 do
  if owners[i - first + 1] ~= ${token} then areAllOurs = false break end
end
if areAllOurs then removed = redis.pcall('DEL', unpack(KEYS, first, last)) end
if removed == last - first + 1 and not heard then
  -- The usual case: every key is ours, and nobody waits.
  for i = first, last do votes[i] = ${granted} end
else
  -- Find the requests whose key is ours, each key once. They are granted, and the others denied.
  local requests, keys, seen = {}, {}, first < last and {}
  for i = first, last do
    local key = KEYS[i]
    votes[i] = ${denied}
    if owners[i - first + 1] == ${token} and not (seen and seen[key]) then
      if seen then seen[key] = true end
      votes[i] = ${granted}
      requests[#requests + 1], keys[#keys + 1] = i, key
    end
  end
  if keepMs ~= '0' then
    for _, key in ipairs(keys) do removed = redis.pcall('PEXPIRE', key, keepMs) end
  elseif not removed and #keys > 0 then
    removed = redis.pcall('DEL', unpack(keys))
  end
  if type(removed) == 'table' then
    fault = removed.err
    for _, i in ipairs(requests) do votes[i] = ${failed} end
  elseif heard and #keys > 0 then
${TELL}
    -- Waiters are told even if the key is kept, since it ends earlier than they know.
    local counts = not everywhere and countListeners(keys, database)
    for n, i in ipairs(requests) do
      if ${tells} then
        local told = tell(keys[n], ${token}, counts and counts[n], everywhere, database)
        if told > 0 then votes[i] = math.min(told, mostTold) end
      end
    end
  end
end
`;
}
