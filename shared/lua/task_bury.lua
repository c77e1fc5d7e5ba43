-- KEYS: tasks results tasks:dead
-- ARGV: group, entry id, reason, deliveries, worker, entries to keep in tasks:dead, then the result's names and values (may be absent)
-- RETURNS: 1 if the entry was moved, 0 if it was no longer pending
-- Moves a task to tasks:dead and writes its result, if it has one. XACK decides who may do so: an entry that another worker
-- has completed meanwhile is not pending, and must neither be buried nor counted twice (guarantee 1).
local entry = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])[1]
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then
  return 0
end
local fields = entry and entry[2] or {}
local dead = {'entry', ARGV[2], 'reason', ARGV[3], 'deliveries', ARGV[4], 'worker', ARGV[5]}
for i = 1, math.min(#fields, 7000) do -- unpack has a limit of about 8,000 values
  dead[#dead + 1] = fields[i]
end
redis.call('XDEL', KEYS[1], ARGV[2])
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[6], '*', unpack(dead))
if #ARGV > 6 then
  redis.call('XADD', KEYS[2], '*', unpack(ARGV, 7))
end
return 1
