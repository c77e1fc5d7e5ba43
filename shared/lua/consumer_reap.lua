-- KEYS: tasks
-- ARGV: group, heartbeat key prefix, minimum idle time in ms, consumer to remove at once ('' for none)
-- RETURNS: list of removed names
-- Removes consumers that hold nothing, have no heartbeat and are idle, or that ask for it themselves on a clean stop. All three are
-- checked in one script: XGROUP DELCONSUMER would silently drop what a consumer still holds.
local removed = {}
if redis.call('EXISTS', KEYS[1]) == 0 then
  return removed
end
for _, info in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local name, pending, idle = nil, 0, 0
  for f = 1, #info, 2 do
    if info[f] == 'name' then name = info[f + 1] end
    if info[f] == 'pending' then pending = info[f + 1] end
    if info[f] == 'idle' then idle = info[f + 1] end
  end
  local gone = idle >= tonumber(ARGV[3]) and redis.call('EXISTS', ARGV[2] .. name) == 0
  if pending == 0 and (name == ARGV[4] or gone) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], name)
    removed[#removed + 1] = name
  end
end
return removed
