-- KEYS: tasks
-- ARGV: group, claiming consumer, heartbeat key prefix, visibility in ms, entries wanted
-- RETURNS: list of {id, {name, value, ...}, deliveries, former consumer}
-- Takes over the entries of dead consumers (guarantee 1). A consumer without a heartbeat key is dead: all of its entries are
-- taken at once. The entries of a live one are taken when they have been idle for the visibility time, because a live worker
-- renews what it works on. An entry that was deleted from the stream meanwhile is only acknowledged.
local claimed = {}
local room = tonumber(ARGV[5])
if redis.call('EXISTS', KEYS[1]) == 0 then
  return claimed
end
for _, info in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local consumer, pending = nil, 0
  for f = 1, #info, 2 do
    if info[f] == 'name' then consumer = info[f + 1] end
    if info[f] == 'pending' then pending = info[f + 1] end
  end
  if pending > 0 and consumer ~= ARGV[2] and room > 0 then
    local min_idle = ARGV[4]
    if redis.call('EXISTS', ARGV[3] .. consumer) == 0 then
      min_idle = '0'
    end
    local list = redis.call('XPENDING', KEYS[1], ARGV[1], 'IDLE', min_idle, '-', '+', room, consumer)
    for _, p in ipairs(list) do
      local got = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], '0', p[1])[1]
      if got and got[2] then
        claimed[#claimed + 1] = {got[1], got[2], p[4] + 1, consumer}
        room = room - 1
      else
        redis.call('XACK', KEYS[1], ARGV[1], p[1])
      end
    end
  end
end
return claimed
