import { LUA_MODES, LUA_VOTES, quoted, SET_ASKS } from './batch-codes';
import { IS_FREE } from './grant-all';
import { COUNTERS, FENCE, script, TELL, TIME } from './lua-script';
import { ACQUIRE_MEMBERS } from './set-acquire';
import { EXTEND_MEMBERS } from './set-extend';
import { CALL_IN_TURN, LINE } from './set-line';
import { MEMBERS } from './set-pieces';
import { READER_RUNS } from './reader-runs';
import { LEAVE_LINES, RELEASE_MEMBERS } from './set-release';

const { failed, granted } = LUA_VOTES;
const { exclusive, shared, limited } = LUA_MODES;
const { acquireOne, releaseOne } = quoted(SET_ASKS);

/**
 * Runs many requests for readers, permits and the line in one command, in order. No failed request affects
 * another.
 *
 * - KEYS: the keys of each request, one request after another
 * - ARGV: 1 the channel of all waiters; then a text for each request: a letter (`SET_ASKS` in batch-codes.ts), the
 *   number of its keys, and the arguments of its own script, with a line feed after each part. Readers of one
 *   resource each have one text together (`reader-runs.ts`); the owner token of each comes behind it
 * - Reply: a list with the reply of each request's own script. A grant without a number, in a line where nobody
 *   stands, is 'g' and the slots. A request that failed is a list of 'f' and the error. Readers together have a
 *   letter each, in one text, where all of them are granted or released. The last item is the node's time in
 *   microseconds
 */
export const SET_BATCH = script(`
${TIME}
${COUNTERS}
${FENCE}
${IS_FREE}
${MEMBERS}
${LINE}
${TELL}
${CALL_IN_TURN}
local everyone = ARGV[1]
local nobodyHears = redis.pcall('PUBSUB', 'NUMSUB', everyone)[2] == 0
${ACQUIRE_MEMBERS}
${EXTEND_MEMBERS}
${RELEASE_MEMBERS}
${LEAVE_LINES}
-- Grants a newcomer one resource if nobody is there, as usual. Then its arguments need not be split. Returns nil if
-- somebody is there.
local function acquireAlone(key, line, mode, token, ttl)
  if mode == ${limited} or redis.call('EXISTS', key, line) ~= 0 then return nil end
  if mode == ${exclusive} then
    redis.call('SET', key, token, 'PX', ttl)
  else
    local untilMs, member = readMs() + ttl, '|' .. token
    redis.call('ZADD', key, digits(untilMs), member)
    expireAt(key, untilMs, { member })
  end
  return ${granted}
end

-- Releases the only reader of one resource if nobody waits for it. Returns nil in all other cases.
local function releaseAlone(key, line, mode, token)
  if mode ~= ${shared} or not nobodyHears or redis.call('EXISTS', line) ~= 0 then return nil end
  local members = redis.pcall('ZRANGE', key, 0, 1)
  if #members ~= 1 or members[1] ~= '|' .. token then return nil end
  redis.call('ZREM', key, members[1])
  return 1
end

local function askAlone(text, first)
  local verb, mode, token, ttl = string.match(text, '^([${SET_ASKS.acquireOne}${SET_ASKS.releaseOne}])%d\\n(%a)\\n([^\\n]*)\\n(%d+)\\n')
  if verb == ${acquireOne} then return acquireAlone(KEYS[first], KEYS[first + 1], mode, token, ttl) end
  if verb == ${releaseOne} then return releaseAlone(KEYS[first], KEYS[first + 1], mode, token) end
end

local verbs = {
  ${SET_ASKS.acquireOne} = acquireMembers, ${SET_ASKS.acquire} = acquireMembers, ${SET_ASKS.extend} = extendMembers,
  ${SET_ASKS.releaseOne} = releaseMembers, ${SET_ASKS.release} = releaseMembers, ${SET_ASKS.leave} = leaveLines,
}
local function askWhole(text, first)
  local what, args, keys = nil, {}, {}
  for part in string.gmatch(text, '([^\\n]*)\\n') do
    if what then args[#args + 1] = part else what = part end
  end
  for i = 1, tonumber(string.sub(what, 2)) do keys[i] = KEYS[first + i - 1] end
  return verbs[string.sub(what, 1, 1)](keys, args, everyone)
end

local function ask(text, first)
  return askAlone(text, first) or askWhole(text, first)
end

-- A replica has written nothing. The connection notices this error, and looks for the master again.
local readOnly
local function replyOf(ok, reply)
  if not ok then
    local fault = type(reply) == 'table' and reply.err or tostring(reply)
    fault = string.gsub(fault, '^@?user_script:%s*%d+:%s*', '')
    if string.find(fault, 'READONLY', 1, true) then readOnly = fault end
    return { ${failed}, fault }
  elseif type(reply) == 'table' and reply[2] == ${granted} and reply[3] == '' and reply[5] == 0 then
    return ${granted} .. reply[4]
  end
  return reply
end
${READER_RUNS}
local replies, first, n = {}, 1, 2
while n <= #ARGV do
  local text = ARGV[n]
  local verb, count = string.match(text, '^(%a)(%d+)')
  count = tonumber(count)
  local run = runs[verb]
  if run then
    replies[#replies + 1] = run(text, first, n, count)
    n = n + count
  else
    replies[#replies + 1] = replyOf(pcall(ask, text, first))
  end
  if readOnly then return redis.error_reply(readOnly) end
  first, n = first + count, n + 1
end
readMs()
replies[#replies + 1] = digits(now)
return replies
`);
