-- KEYS: instance:<component>:<id>
-- ARGV: life in ms, then name, value, name, value ...
-- RETURNS: 1
-- One script, so that the key is never there without its life: a heartbeat that cannot expire would keep a dead worker's tasks for ever.
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
