import { LUA_VOTES } from './batch-codes';

const { granted, denied, putBack } = LUA_VOTES;

/**
 * How one key of a hold is kept, by itself or in a batch: `owner` has it, false for nobody. It becomes `mine` where the
 * hold `ending` goes over into this one. Gives the letter of the vote.
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
