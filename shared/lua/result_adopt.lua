-- KEYS: epoch results
-- ARGV: epoch, group, adopting consumer, entries wanted
-- RETURNS: list of {id, {name, value, ...}}; error FENCED if a newer epoch exists
-- Takes the results that earlier leaders had read but not stored, and deletes each other consumer once it holds nothing. Only the
-- leader reads results, so every other consumer is a former leader. Without this, its results would never be stored (guarantee 3).
local newest = tonumber(redis.call('GET', KEYS[1]) or '0')
if tonumber(ARGV[1]) < newest then
  return redis.error_reply('FENCED a newer epoch exists: ' .. newest)
end
if tonumber(ARGV[1]) > newest then redis.pcall('SET', KEYS[1], ARGV[1]) end -- see task_publish
local adopted = {}
local room = tonumber(ARGV[4])
for _, info in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[2], ARGV[2])) do
  local consumer, pending = nil, 0
  for f = 1, #info, 2 do
    if info[f] == 'name' then consumer = info[f + 1] end
    if info[f] == 'pending' then pending = info[f + 1] end
  end
  if consumer ~= ARGV[3] then
    if pending == 0 then
      redis.call('XGROUP', 'DELCONSUMER', KEYS[2], ARGV[2], consumer)
    elseif room > 0 then
      for _, p in ipairs(redis.call('XPENDING', KEYS[2], ARGV[2], '-', '+', room, consumer)) do
        local got = redis.call('XCLAIM', KEYS[2], ARGV[2], ARGV[3], '0', p[1])[1]
        if got and got[2] then
          adopted[#adopted + 1] = {got[1], got[2]}
          room = room - 1
        else
          redis.call('XACK', KEYS[2], ARGV[2], p[1])
        end
      end
    end
  end
end
return adopted
