-- KEYS: epoch generation
-- ARGV: epoch, generation
-- RETURNS: 1; error FENCED when a newer epoch exists
local newest = tonumber(redis.call('GET', KEYS[1]) or '0')
if tonumber(ARGV[1]) < newest then
  return redis.error_reply('FENCED a newer epoch exists: ' .. newest)
end
redis.call('SET', KEYS[1], ARGV[1])
redis.call('SET', KEYS[2], ARGV[2])
return 1
