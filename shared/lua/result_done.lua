-- KEYS: epoch results cycle
-- ARGV: epoch, group, cycle number, count of cycle fields and values, name, value ..., then entry ids ...
-- RETURNS: number of results deleted; error FENCED if a newer epoch exists
-- Called after the transaction that stored the results was committed, never before: a result that was deleted but not stored would
-- be lost. The counters in the cycle hash are for people and decide nothing.
local newest = tonumber(redis.call('GET', KEYS[1]) or '0')
if tonumber(ARGV[1]) < newest then
  return redis.error_reply('FENCED a newer epoch exists: ' .. newest)
end
if tonumber(ARGV[1]) > newest then redis.pcall('SET', KEYS[1], ARGV[1]) end -- see task_publish
local n = tonumber(ARGV[4])
if n > 0 and redis.call('HGET', KEYS[3], 'number') == ARGV[3] then
  redis.call('HSET', KEYS[3], unpack(ARGV, 5, 4 + n))
end
local done = 0
for i = 5 + n, #ARGV do
  if redis.call('XACK', KEYS[2], ARGV[2], ARGV[i]) == 1 then
    done = done + redis.call('XDEL', KEYS[2], ARGV[i])
  end
end
return done
