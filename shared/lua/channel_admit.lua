-- KEYS: channel:<channel> notify:inflight:<instance>
-- ARGV: instance, the copy of the message that it holds (unique), heartbeat key prefix, ms the channel stays with it, ms between two messages, message id,
--       message as it was taken where only this list knows whose it is ('': the outbox does, or it was never in a list)
-- RETURNS: {wait, why, doubtful, slack_id}
--          1. wait: ms before asking again; 0: the message may leave now
--          2. why: 1 if Slack asked for the wait, 2 if another notifier has the channel, else 0
--          3. doubtful: 1 if the message may have been sent. Either a notifier began to send it and never reported the outcome, or it is
--             no longer in this notifier's in-flight list, so that another notifier may have taken it and sent it
--          4. slack_id: Slack's id of the channel, or ''
-- What all notifiers know about a channel, by the server's clock: the notifier that has it (holder, until_ms), when the next message may
-- leave (next_ms), the end of the pause that Slack asked for (held_ms), the message that is being sent (sending:<id>, until its outcome
-- is stored), Slack's id of the channel (slack_id).
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
  -- Whether it is in the list, with commands that redis.acl allows. It goes to the front, because it leaves next.
  lost = redis.call('LREM', KEYS[2], 1, ARGV[7]) == 0
  if not lost then redis.call('LPUSH', KEYS[2], ARGV[7]) end
end
return { 0, 0, (lost or (seen[5] and seen[5] ~= ARGV[2])) and 1 or 0, seen[6] or '' }
