-- KEYS: channel:<channel>
-- ARGV: message id, ms of silence that Slack asked for (0: none)
-- RETURNS: ms of silence left, the longest anybody was asked for
-- An answer that surely did not take the message: it is not being sent any more.
local time = redis.call('TIME')
local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local held_ms = tonumber(redis.call('HGET', KEYS[1], 'held_ms') or '0') or 0
local want_ms = now_ms + tonumber(ARGV[2])
redis.call('HDEL', KEYS[1], 'sending:' .. ARGV[1])
if tonumber(ARGV[2]) > 0 and want_ms > held_ms then
  held_ms = want_ms
  redis.call('HSET', KEYS[1], 'held_ms', string.format('%.0f', held_ms))
  redis.call('PEXPIRE', KEYS[1], 604800000)
end
return math.max(0, held_ms - now_ms)
