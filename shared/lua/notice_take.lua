-- KEYS: notify notify:inflight:<instance> notify:holders
-- ARGV: instance, most messages, then as JSON strings the channels whose messages stay where they are
-- RETURNS: {length of the list after, message, message ...}
-- The holder's name is kept so that others find its in-flight list without a scan. Messages of a channel that is full here are passed over, in
-- their order, so that a channel Slack holds up does not stand before the others; the codec writes fields without spaces, and a quote inside
-- text is escaped, so the plain search finds the field alone.
local out = {0}
local most = tonumber(ARGV[2])
if #ARGV == 2 then
  for _ = 1, most do
    local message = redis.call('LMOVE', KEYS[1], KEYS[2], 'LEFT', 'RIGHT')
    if not message then break end
    out[#out + 1] = message
  end
else
  for _, message in ipairs(redis.call('LRANGE', KEYS[1], 0, 1023)) do
    if #out > most then break end
    local full = false
    for i = 3, #ARGV do
      full = full or string.find(message, '"channel":' .. ARGV[i], 1, true)
    end
    if not full then
      redis.call('LREM', KEYS[1], 1, message)
      redis.call('RPUSH', KEYS[2], message)
      out[#out + 1] = message
    end
  end
end
if #out > 1 then
  redis.call('SADD', KEYS[3], ARGV[1])
end
out[1] = redis.call('LLEN', KEYS[1])
return out
