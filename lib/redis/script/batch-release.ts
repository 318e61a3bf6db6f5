import { ASKS, LUA_VOTES } from './batch-codes';
import { IS_HEARD, releaseOurs } from './release-ours';

const { failed } = LUA_VOTES;

/**
 * The part of the batch script that releases, each key by itself: `release`, `releaseAndTell`, `releaseAndTellAll`. These
 * are lines in its loop, for the keys from `first` to `last`.
 */
export const BATCH_RELEASE = `
-- A key that is not a string has no owner.
local owners, keepMs = redis.pcall('MGET', unpack(KEYS, first, last)), '0'
if owners.err then
  fault = owners.err
  for i = first, last do votes[i] = ${failed} end
else
  local run = string.sub(letters, first, last)
  -- The telling releases of one node are all of the same kind: in a cluster, or not.
  local everywhere = string.find(run, '${ASKS.releaseAndTellAll}', 1, true) ~= nil
  local tells = everywhere or string.find(run, '${ASKS.releaseAndTell}', 1, true)
  -- A vote is one character.
  local mostTold = 9
${IS_HEARD}
${releaseOurs('ARGV[i + 3]', `string.sub(letters, i, i) ~= '${ASKS.release}'`)}
end
`;
