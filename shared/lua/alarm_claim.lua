-- KEYS: alarms
-- ARGV: incident, instance, ms within which it is reported once, claim, route, ms after which an alert that nobody confirmed is sent by
--       a better route ('' where this is no such alert), Slack's name of the incident's first message and its channel ('' when unknown)
-- RETURNS: {1 if this program reports the incident, otherwise 0, how often it was reported, Slack's name of its first message}
-- The durable record while PostgreSQL takes no writes; the first program that reaches PostgreSQL again moves it there.
-- A program repeats a claim whose answer was lost, under the same name. It gets the same answer: with a refusal the incident would be
-- recorded as reported, and nobody would have reported it. It is recorded as confirmed only once the alert was delivered
-- (alarm_confirm.lua), because the program that claimed it may have died before it sent anything.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ok, record = pcall(cjson.decode, redis.call('HGET', KEYS[1], ARGV[1]) or '')
if not ok or type(record) ~= 'table' then
  record = {raised_ms = string.format('%.0f', now), told_ms = '0', times = 0, slack_ts = ARGV[7], slack_channel = ARGV[8]}
end
local thread = tostring(record.slack_ts or '')
if record.claim == ARGV[4] then return {1, record.times, thread} end
local told = tonumber(record.told_ms) or 0
if ARGV[6] == '' then
  if told > now - tonumber(ARGV[3]) then return {0, record.times, thread} end
  record.times = (tonumber(record.times) or 0) + 1
elseif told > 0 and (record.confirmed ~= false or (tonumber(record.route) or 0) >= tonumber(ARGV[5]) or told > now - tonumber(ARGV[6])) then
  return {0, record.times, thread}
end
record.told_ms = string.format('%.0f', now)
record.by = ARGV[2]
record.claim = ARGV[4]
record.route = tonumber(ARGV[5])
record.confirmed = false
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(record))
return {1, record.times, thread}
