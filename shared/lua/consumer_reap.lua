-- KEYS: tasks
-- ARGV: group, heartbeat key prefix, least idle time in ms, consumer to remove now whatever its heartbeat ('' for none)
-- RETURNS: names removed: nothing pending, and no heartbeat for that long (or asked for by itself on a clean stop)
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
