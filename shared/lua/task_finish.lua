-- KEYS: tasks results
-- ARGV: group, then for each task: entry id, count of field names and values, name, value, name, value ...
-- RETURNS: how many counted: a task that was no longer pending in the group adds nothing (promise 1)
-- With tasks again in the place of results, each task is passed on: a fresh entry that any worker can read at once.
local counted = 0
local i = 2
while i <= #ARGV do
  local id = ARGV[i]
  local n = tonumber(ARGV[i + 1])
  if redis.call('XACK', KEYS[1], ARGV[1], id) == 1 then
    redis.call('XDEL', KEYS[1], id)
    redis.call('XADD', KEYS[2], '*', unpack(ARGV, i + 2, i + 1 + n))
    counted = counted + 1
  end
  i = i + 2 + n
end
return counted
