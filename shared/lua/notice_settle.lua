-- KEYS: notify notify:inflight:<instance> notify:dead
-- ARGV: done | back | dead, message as it was taken, and for dead what goes to the dead list
-- RETURNS: 1 when the message was in the in-flight list, 0 when it was not (reclaimed or lost: then nothing happens)
if redis.call('LREM', KEYS[2], 1, ARGV[2]) == 0 then
  return 0
end
if ARGV[1] == 'back' then
  redis.call('LPUSH', KEYS[1], ARGV[2])
elseif ARGV[1] == 'dead' then
  redis.call('RPUSH', KEYS[3], ARGV[3])
end
return 1
