-- KEYS: notify notify:inflight:<instance> notify:dead channel:<channel>
-- ARGV: done | back | dead, message as it was taken, what goes to the dead list ('' but for dead), id that is not being sent any more ('' to
--       leave that as it is), Slack's id of the channel ('' when not told)
-- RETURNS: 1 when the message was in the in-flight list, 0 when it was not (reclaimed or lost: then nothing happens)
if redis.call('LREM', KEYS[2], 1, ARGV[2]) == 0 then
  return 0
end
if ARGV[4] ~= '' then
  redis.call('HDEL', KEYS[4], 'sending:' .. ARGV[4])
end
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[4], 'slack_id', ARGV[5])
  redis.call('PEXPIRE', KEYS[4], 604800000)
end
if ARGV[1] == 'back' then
  redis.call('LPUSH', KEYS[1], ARGV[2])
elseif ARGV[1] == 'dead' then
  redis.call('RPUSH', KEYS[3], ARGV[3])
end
return 1
