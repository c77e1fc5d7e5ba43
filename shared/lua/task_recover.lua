-- KEYS: tasks
-- ARGV: group, consumer, least idle time in ms, most entries
-- RETURNS: list of {id, {name, value, ...}, deliveries, consumer}, as task_claim, of this consumer's own entries
-- What a consumer was given and knows nothing of: it came back under its old name, or an answer was lost on the wire. A live
-- consumer renews what it knows of, so that an idle time above its renewal interval tells the difference.
local found = {}
for _, p in ipairs(redis.call('XPENDING', KEYS[1], ARGV[1], 'IDLE', ARGV[3], '-', '+', ARGV[4], ARGV[2])) do
  local got = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], '0', p[1])[1]
  if got and got[2] then
    found[#found + 1] = {got[1], got[2], p[4] + 1, ARGV[2]}
  else
    redis.call('XACK', KEYS[1], ARGV[1], p[1])
  end
end
return found
