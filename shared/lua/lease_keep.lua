-- KEYS: leader epoch generation
-- ARGV: value ("instance:epoch"), ttl in ms
-- RETURNS: {1, generation or ''} when the lease was renewed; {0, value of the holder or ''} when it is not ours
local held = redis.call('GET', KEYS[1])
if held ~= ARGV[1] then
  return {0, held or ''}
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {1, redis.call('GET', KEYS[3]) or ''}
