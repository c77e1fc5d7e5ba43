-- KEYS: instance:<component>:<id> instances
-- ARGV: life in ms, "<component>:<id>", then name, value, name, value ...
-- RETURNS: the time in ms
-- One script, so that the key never exists without its time to live: a heartbeat that cannot expire would keep a dead worker's tasks
-- forever. A full Redis still accepts a worker's heartbeat: without one the worker could not work off what fills Redis. A full Redis
-- refuses the first write of a script if it needs memory, but not a later one; therefore PEXPIRE comes first.
-- The set instances names every instance until its own key ends, so that nobody has to search all keys. A new member removes those that
-- ended; readers skip them by their score.
if string.sub(ARGV[2], 1, 7) == 'worker:' then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
if redis.call('ZADD', KEYS[2], string.format('%.0f', now_ms + ARGV[1]), ARGV[2]) == 1 then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now_ms)
end
return now_ms
