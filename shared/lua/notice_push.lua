-- KEYS: epoch notify
-- ARGV: epoch, most messages in the list, then for each message: 1 when urgent else 0, JSON
-- RETURNS: {messages pushed, length of the list}; error FENCED when a newer epoch exists
-- Stops at the first message that finds the list full; it and the rest wait in the outbox. Urgent ones go to the front and are never refused.
local newest = tonumber(redis.call('GET', KEYS[1]) or '0')
if tonumber(ARGV[1]) < newest then
  return redis.error_reply('FENCED a newer epoch exists: ' .. newest)
end
local length = redis.call('LLEN', KEYS[2])
local pushed = 0
for i = 3, #ARGV, 2 do
  if ARGV[i] == '1' then
    length = redis.call('LPUSH', KEYS[2], ARGV[i + 1])
  elseif length < tonumber(ARGV[2]) then
    length = redis.call('RPUSH', KEYS[2], ARGV[i + 1])
  else
    break
  end
  pushed = pushed + 1
end
return {pushed, length}
