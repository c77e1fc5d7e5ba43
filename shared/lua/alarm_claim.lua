-- KEYS: alarms
-- ARGV: incident, instance, ms within which it is reported once, claim
-- RETURNS: {1 if this program reports the incident, otherwise 0, how often it was reported}
-- The durable record while PostgreSQL takes no writes; the first program that reaches PostgreSQL again moves it there.
-- A program repeats a claim whose answer was lost, under the same name. It gets the same answer: with a refusal the incident would be
-- recorded as reported, and nobody would have reported it.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ok, record = pcall(cjson.decode, redis.call('HGET', KEYS[1], ARGV[1]) or '')
if not ok or type(record) ~= 'table' then record = {raised_ms = string.format('%.0f', now), told_ms = '0', times = 0} end
if record.claim == ARGV[4] then return {1, record.times} end
if (tonumber(record.told_ms) or 0) > now - tonumber(ARGV[3]) then return {0, record.times} end
record.told_ms = string.format('%.0f', now)
record.times = (tonumber(record.times) or 0) + 1
record.by = ARGV[2]
record.claim = ARGV[4]
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(record))
return {1, record.times}
