-- KEYS: tasks
-- ARGV: group, then for each task: entry id, count of field names and values, name, value, name, value ...
-- RETURNS: how many were passed on: each becomes a fresh entry with these fields, that any worker can read at once
-- A task that is no longer pending in the group was claimed and is passed on or settled by its new owner (promise 1).
local passed = 0
local i = 2
while i <= #ARGV do
  local id = ARGV[i]
  local n = tonumber(ARGV[i + 1])
  if redis.call('XACK', KEYS[1], ARGV[1], id) == 1 then
    redis.call('XDEL', KEYS[1], id)
    redis.call('XADD', KEYS[1], '*', unpack(ARGV, i + 2, i + 1 + n))
    passed = passed + 1
  end
  i = i + 2 + n
end
return passed
