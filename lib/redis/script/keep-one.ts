import { LUA_VOTES } from './batch-codes';

const { granted, denied, putBack } = LUA_VOTES;

/**
 * Extends one key of a lock, in a lone script and in a batch. `owner` has the key, false for nobody. The key gets
 * the token `mine` if it has the token `ending`, of a lease that this one takes over. Returns the letter of the
 * vote.
 */
export const KEEP_ONE = `
local function keepOne(key, owner, mine, ending, ttl)
  if owner and owner == ending then
    redis.call('SET', key, mine, 'PX', ttl)
  elseif owner == mine then
    -- Never shorten: a later extension may have come first, and the holder counts on its ttl.
    if redis.call('PTTL', key) < tonumber(ttl) then redis.call('PEXPIRE', key, ttl) end
  elseif owner then
    return ${denied}
  else
    -- The server lost the key, so it is put back. The key counts as a vote only from the next round on: another owner may
    -- have had it and released it in between.
    return redis.call('SET', key, mine, 'PX', ttl, 'NX') and ${putBack} or ${denied}
  end
  return ${granted}
end
`;
