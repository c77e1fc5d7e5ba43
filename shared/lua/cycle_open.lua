-- KEYS: epoch cycle
-- ARGV: epoch, cycle number, planned, started_at, deadline
-- RETURNS: position in the plan up to which tasks were published already; error FENCED when a newer epoch exists
-- A hash of the same cycle is taken over as it stands; any other is replaced.
local newest = tonumber(redis.call('GET', KEYS[1]) or '0')
if tonumber(ARGV[1]) < newest then
  return redis.error_reply('FENCED a newer epoch exists: ' .. newest)
end
redis.call('SET', KEYS[1], ARGV[1])
if redis.call('HGET', KEYS[2], 'number') ~= ARGV[2] then
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[2], 'number', ARGV[2], 'published', '0', 'finished', '0')
end
redis.call('HSET', KEYS[2], 'epoch', ARGV[1], 'planned', ARGV[3], 'started_at', ARGV[4], 'deadline', ARGV[5])
return tonumber(redis.call('HGET', KEYS[2], 'published'))
