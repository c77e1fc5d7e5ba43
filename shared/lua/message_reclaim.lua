-- KEYS: notify notify:holders
-- ARGV: heartbeat key prefix, in-flight key prefix, instance that asks, 1 when it asks for its own list too (at its start)
-- RETURNS: how many messages went back to the front of the list, in their order
-- A holder whose heartbeat is gone is dead; what it held was taken and perhaps sent: the outbox knows.
local moved = 0
for _, holder in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  local own = holder == ARGV[3]
  if (own and ARGV[4] == '1') or (not own and redis.call('EXISTS', ARGV[1] .. holder) == 0) then
    local inflight = ARGV[2] .. holder
    while redis.call('LMOVE', inflight, KEYS[1], 'RIGHT', 'LEFT') do
      moved = moved + 1
    end
    redis.call('SREM', KEYS[2], holder)
  end
end
return moved
