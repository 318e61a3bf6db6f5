import { LUA_VOTES } from './batch-codes';

const { granted, denied, putBack } = LUA_VOTES;

/**
 * The rule by which one exclusive key is extended. `owner` has the key, or nobody (false). The key becomes `mine` if the
 * lease `ending` has it, which this lease takes over. The function returns the letter of the vote.
 */
export const KEEP_ONE = `
local function keepOne(key, owner, mine, ending, ttl)
  if owner and owner == ending then
    redis.call('SET', key, mine, 'PX', ttl)
  elseif owner == mine then
    -- Never shorter: this may have been overtaken by a later extension, on whose ttl the holder counts.
    if redis.call('PTTL', key) < tonumber(ttl) then redis.call('PEXPIRE', key, ttl) end
  elseif owner then
    return ${denied}
  else
    -- What this server lost is put back. That does not count as a vote before the next round: another owner may have had
    -- the key and released it in between.
    return redis.call('SET', key, mine, 'PX', ttl, 'NX') and ${putBack} or ${denied}
  end
  return ${granted}
end
`;

/** The rule by which exclusive locks are extended, alone and in a batch: all keys of a request, or none of them. */
export const KEEP_ALL = `
${KEEP_ONE}
local function keepAll(first, last, mine, ending, ttl, putsBack)
  local owners = redis.call('MGET', unpack(KEYS, first, last))
  -- If there is one key, the write itself notices that the key is not ours.
  if first == last and putsBack then return keepOne(KEYS[first], owners[1], mine, ending, ttl) end
  -- Look at every key before any is written: if somebody else has a part of the lock, it is lost, and nothing is changed.
  for i = first, last do
    local owner = owners[i - first + 1]
    if owner then
      if owner ~= mine and owner ~= ending then return ${denied} end
    -- A key without an owner may exist all the same: it is of another type.
    elseif not putsBack or redis.call('EXISTS', KEYS[i]) == 1 then
      return ${denied}
    end
  end
  local vote = ${granted}
  for i = first, last do
    local one = keepOne(KEYS[i], owners[i - first + 1], mine, ending, ttl)
    if one ~= ${granted} then vote = one end
  end
  return vote
end
`;
