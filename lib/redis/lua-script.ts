import { createHash } from 'node:crypto';

/** A script and the name by which a server that has loaded it knows it. */
export interface LuaScript {
  readonly text: string;
  readonly sha: string;
}

export function script(text: string): LuaScript {
  const trimmed = text.trim();
  return { text: trimmed, sha: createHash('sha1').update(trimmed).digest('hex') };
}

/**
 * Shared by the scripts that release: tells those who wait for a key which hold has ended and how many they are, and
 * gives the number of connections that heard it. In a cluster (everywhere) listeners may be connected to other servers,
 * which cannot be counted here.
 */
export const TELL = `
local function countListeners(keys)
  local listening = redis.pcall('PUBSUB', 'NUMSUB', unpack(keys))
  -- A user without the right to ask: they may be there.
  return not listening.err and listening or nil
end

local function tell(key, token, listening, everywhere)
  if listening == 0 and not everywhere then return 0 end
  local known = not everywhere and listening or ''
  local told = redis.pcall('PUBLISH', key, known .. ' ' .. token)
  -- A user without the right to publish: waiters find out by themselves, when the ttl is over.
  return type(told) == 'number' and told or 0
end
`;
