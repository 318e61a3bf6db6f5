import { ASKS } from './batch-codes';
import { TELL } from './lua-script';
import { IS_HEARD, releaseOurs } from './release-ours';

/** The part of the batch script that releases. It uses what batch-script.ts begins with. */
export const BATCH_RELEASE = `
${TELL}
-- release, releaseAndTell, releaseAndTellAll: each key by itself.
local function release(first, last)
  local owners, keepMs = ownersOf(first, last), '0'
  if not owners then return end
  local tells = string.find(string.sub(letters, first, last), '${ASKS.releaseAndTell}', 1, true)
  -- A vote is one character.
  local mostTold = 9
${IS_HEARD}
${releaseOurs('ARGV[i + 3]', `string.sub(letters, i, i) ~= '${ASKS.release}'`)}
end
`;
