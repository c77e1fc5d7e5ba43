-- KEYS: alarms
-- ARGV: incident
-- RETURNS: the record as JSON, which is gone now; "" when there was none
local record = redis.call('HGET', KEYS[1], ARGV[1])
if record then redis.call('HDEL', KEYS[1], ARGV[1]) end
return record or ''
