-- KEYS: notify notify:inflight:<instance> notify:holders
-- ARGV: instance, most messages
-- RETURNS: {length of the list after, message, message ...}
-- The holder's name is kept so that others find its in-flight list without a scan.
local out = {0}
for _ = 1, tonumber(ARGV[2]) do
  local message = redis.call('LMOVE', KEYS[1], KEYS[2], 'LEFT', 'RIGHT')
  if not message then break end
  out[#out + 1] = message
end
if #out > 1 then
  redis.call('SADD', KEYS[3], ARGV[1])
end
out[1] = redis.call('LLEN', KEYS[1])
return out
