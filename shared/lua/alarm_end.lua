-- KEYS: alarms
-- ARGV: incident, its record as it was read
-- RETURNS: 1 when the record was deleted, 0 when it has changed or was gone
-- Runs after PostgreSQL has stored the record, never before: a record that is lost in between is an all-clear that nobody gives.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
