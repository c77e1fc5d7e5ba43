-- KEYS: leader
-- ARGV: value ("instance:epoch")
-- RETURNS: 1 when it was ours and is gone, 0 otherwise
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
