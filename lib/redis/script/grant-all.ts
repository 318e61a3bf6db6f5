import { TURN } from '../../ports/lock-mode';
import { LUA_VOTES } from './batch-codes';

const { granted, replaced, denied, failed } = LUA_VOTES;

/**
 * A part of all scripts that grant: tells if the owner of a key is not in the way.
 *
 * That is so for the lease that ends here; and, if the request waits, for the value that keeps a free resource for the line
 * (R31). That value always has an expiry: without one the key is not ours.
 */
export const IS_FREE = `
local function isFree(key, owner, ending, isWaiting)
  if ending ~= '' and owner == ending then return true end
  return isWaiting and owner == '${TURN}' and redis.call('PTTL', key) >= 0
end
`;

/**
 * The rule by which exclusive locks are granted, alone and in a batch: all keys of a request, or none. It needs FENCE
 * (lua-script.ts).
 */
export const GRANT_ALL = `
${IS_FREE}
-- Returns the keys from first to last that are in the way (nil: none), and the number of keys that have the token that
-- ends. Any key is in the way, whatever its type or owner, since owner tokens are never used twice.
local function lookAtAll(first, last, ending, isWaiting)
  -- Usually there is nothing, and one call says so for all keys.
  local isPlain = ending == '' and not isWaiting
  if isPlain and redis.call('EXISTS', unpack(KEYS, first, last)) == 0 then return nil, 0 end
  local taken, replaced = {}, 0
  for i = first, last do
    local owner = redis.pcall('GET', KEYS[i])
    if type(owner) == 'string' and isFree(KEYS[i], owner, ending, isWaiting) then
      if owner == ending then replaced = replaced + 1 end
    elseif type(owner) == 'string' or (owner and redis.call('EXISTS', KEYS[i]) == 1) then
      taken[#taken + 1] = KEYS[i]
    end
  end
  return taken[1] and taken, replaced
end

-- Returns the letter of the vote, and the keys in the way. fence: nil if no number is asked for.
local function grantAll(first, last, mine, ttl, ending, isWaiting, fence)
  -- The usual case: one key, and nothing ends here. The server looks and grants in one call.
  if first == last and ending == '' and not isWaiting then
    if fence then number(fence) end
    if not redis.call('SET', KEYS[first], mine, 'PX', ttl, 'NX') then return ${denied}, { KEYS[first] } end
    if fence then keepIfNear(fence) end
    return ${granted}
  end
  -- Look at every key before any is written.
  local taken, replaced = lookAtAll(first, last, ending, isWaiting)
  if taken then return ${denied}, taken end
  if fence then number(fence) end
  -- A server without memory refuses the first of these writes, so it is still all or nothing.
  for i = first, last do redis.call('SET', KEYS[i], mine, 'PX', ttl) end
  if fence then keepIfNear(fence) end
  return replaced == last - first + 1 and ${replaced} or ${granted}
end
`;

/**
 * The same rule for neighbours in a batch with one key each, for which nothing ends: the server looks and grants in one call
 * for each key. Most locks are asked for in this way, so nothing else is called. These are lines for the keys from `first` to
 * `last`. They need `votes`, `fault` and `ttl`.
 */
export const GRANT_EACH = `
local call, keys, args = redis.pcall, KEYS, ARGV
for i = first, last do
  local reply = call('SET', keys[i], args[i + 3], 'PX', ttl, 'NX')
  if not reply then
    votes[i] = ${denied}
  elseif reply.err then
    fault, votes[i] = reply.err, ${failed}
  else
    votes[i] = ${granted}
  end
end
`;
