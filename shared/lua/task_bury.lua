-- KEYS: tasks results tasks:dead
-- ARGV: group, entry id, reason, deliveries, worker, most kept in tasks:dead, then the result's names and values (none: no result)
-- RETURNS: 1 when it was buried, 0 when it was no longer pending
local entry = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])[1]
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then
  return 0
end
local fields = entry and entry[2] or {}
local dead = {'entry', ARGV[2], 'reason', ARGV[3], 'deliveries', ARGV[4], 'worker', ARGV[5]}
for i = 1, math.min(#fields, 7000) do -- Lua can unpack no more
  dead[#dead + 1] = fields[i]
end
redis.call('XDEL', KEYS[1], ARGV[2])
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[6], '*', unpack(dead))
if #ARGV > 6 then
  redis.call('XADD', KEYS[2], '*', unpack(ARGV, 7))
end
return 1
