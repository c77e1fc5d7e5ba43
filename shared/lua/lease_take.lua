-- KEYS: leader epoch
-- ARGV: instance, epoch of the candidate (fresh from PostgreSQL), ttl in ms
-- RETURNS: {1, value} when it leads now; {0, value} of the present leader; {-1, epoch} when a newer epoch was seen
local held = redis.call('GET', KEYS[1])
if held then
  return {0, held}
end
local newest = tonumber(redis.call('GET', KEYS[2]) or '0')
if tonumber(ARGV[2]) <= newest then
  return {-1, tostring(newest)}
end
local value = ARGV[1] .. ':' .. ARGV[2]
redis.call('SET', KEYS[1], value, 'PX', ARGV[3])
redis.call('SET', KEYS[2], ARGV[2])
return {1, value}
