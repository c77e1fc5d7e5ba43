-- KEYS: channel:<channel> notify:inflight:<instance>
-- ARGV: instance, the copy of the message that it holds (unique), heartbeat key prefix, ms the channel stays with it, ms between two messages, message id,
--       message as it was taken where only this list knows whose it is ('': the outbox does, or it was never in a list)
-- RETURNS: {ms to wait before asking again (0: it may leave now), 1 when Slack asked for the wait and 2 when the channel is with another,
--          1 when somebody was sending this message before and how that ended is not known, or it is no longer in the in-flight list:
--          others may have brought it back and sent it; Slack's id of the channel or ''}
-- The fleet's one opinion of a channel, on the server's clock: who has it (holder, until_ms), when the next message may leave (next_ms), how
-- long Slack wants silence (held_ms), what is being sent (sending:<id>, until settled), Slack's id of it (slack_id).
local time = redis.call('TIME')
local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local mark = 'sending:' .. ARGV[6]
local seen = redis.call('HMGET', KEYS[1], 'holder', 'until_ms', 'next_ms', 'held_ms', mark, 'slack_id')
local function number(text) return tonumber(text or '0') or 0 end
local function whole(value) return string.format('%.0f', value) end
if seen[1] and seen[1] ~= ARGV[1] and number(seen[2]) > now_ms and redis.call('EXISTS', ARGV[3] .. seen[1]) == 1 then
  return { 1000, 2, 0, '' }
end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'until_ms', whole(now_ms + tonumber(ARGV[4])))
redis.call('PEXPIRE', KEYS[1], 604800000)
local held, pace = number(seen[4]) - now_ms, number(seen[3]) - now_ms
if held > 0 and held >= pace then return { held, 1, 0, '' } end
-- A pace longer than the spacing comes from a setting that has changed since.
if pace > 0 then return { math.min(pace, math.max(1, tonumber(ARGV[5]))), 0, 0, '' } end
redis.call('HSET', KEYS[1], 'next_ms', whole(now_ms + tonumber(ARGV[5])), mark, ARGV[2])
local lost = false
if ARGV[7] ~= '' then
  -- Whether it is there, with commands that REDIS.md allows; what leaves next of its channel stands before the rest of it.
  lost = redis.call('LREM', KEYS[2], 1, ARGV[7]) == 0
  if not lost then redis.call('LPUSH', KEYS[2], ARGV[7]) end
end
return { 0, 0, (lost or (seen[5] and seen[5] ~= ARGV[2])) and 1 or 0, seen[6] or '' }
