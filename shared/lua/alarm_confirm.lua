-- KEYS: alarms
-- ARGV: incident, Slack's name of its message and of the channel ('' when unknown)
-- RETURNS: 1 when Redis keeps a record of the incident, 0 when it keeps none
-- The alert was delivered. As alarm_confirm.sql does, it keeps Slack's name of the first message, below which the others go.
local ok, record = pcall(cjson.decode, redis.call('HGET', KEYS[1], ARGV[1]) or '')
if not ok or type(record) ~= 'table' then return 0 end
record.confirmed = true
if (record.slack_ts or '') == '' then
  record.slack_ts = ARGV[2]
  record.slack_channel = ARGV[3]
end
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(record))
return 1
