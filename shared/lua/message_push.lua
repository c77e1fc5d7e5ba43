-- KEYS: epoch notify
-- ARGV: epoch, most messages in the list, then for each message: 1 when urgent, 2 when its channel has more than its share of the list,
--       else 0; JSON
-- RETURNS: {messages pushed, length of the list}; error FENCED when a newer epoch exists
-- The last tenth of the list is kept for channels within their share, so that one recipient's backlog does not hold up the others.
-- Stops at the first message that finds the list full; it and the rest wait in the outbox. Urgent ones are never refused;
-- message_take looks for them in its window from the front (10000), in the list's order. Past half of that they go to the front, after the
-- urgent ones that are there, so that an all-clear is not sent before its alert.
local newest = tonumber(redis.call('GET', KEYS[1]) or '0')
if tonumber(ARGV[1]) < newest then
  return redis.error_reply('FENCED a newer epoch exists: ' .. newest)
end
local length = redis.call('LLEN', KEYS[2])
local pushed = 0
local most = tonumber(ARGV[2])
local most_of_many = most - math.floor(most / 10)
local WINDOW, CHUNK = 10000, 500

local function push_front(message)
  local urgent = {}
  for from = 0, math.min(length, WINDOW) - 1, CHUNK do
    for _, one in ipairs(redis.call('LRANGE', KEYS[2], from, from + CHUNK - 1)) do
      local kind = string.match(one, '"kind"%s*:%s*"([^"\\]*)"')
      if kind == 'ops_alert' or kind == 'ops_recovery' then table.insert(urgent, one) end
    end
  end
  for _, one in ipairs(urgent) do redis.call('LREM', KEYS[2], 1, one) end
  length = redis.call('LPUSH', KEYS[2], message)
  for i = #urgent, 1, -1 do length = redis.call('LPUSH', KEYS[2], urgent[i]) end
end

for i = 3, #ARGV, 2 do
  if ARGV[i] == '1' and length >= WINDOW / 2 then
    push_front(ARGV[i + 1])
  elseif ARGV[i] == '1' or length < (ARGV[i] == '2' and most_of_many or most) then
    length = redis.call('RPUSH', KEYS[2], ARGV[i + 1])
  else
    break
  end
  pushed = pushed + 1
end
return {pushed, length}
