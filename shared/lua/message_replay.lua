-- KEYS: notify notify:dead
-- ARGV: entry as it lies in the dead list, message that goes to the end of notify ('' to drop the entry)
-- RETURNS: 1 when the entry was there, 0 when it was not (then nothing happens)
if redis.call('LREM', KEYS[2], 1, ARGV[1]) == 0 then
  return 0
end
if ARGV[2] ~= '' then
  redis.call('RPUSH', KEYS[1], ARGV[2])
end
return 1
