-- KEYS: tasks results
-- ARGV: group, count of field names, names ..., then for each task: entry id, a value for each name
-- RETURNS: how many counted: a task that was no longer pending in the group adds nothing (promise 1)
-- With tasks again in the place of results, each task is passed on: a fresh entry that any worker can read at once.
-- Names once, one table for all entries and one XDEL: half the time that Redis spends when each task brings its own.
local call, group, tasks = redis.call, ARGV[1], KEYS[1]
local n = tonumber(ARGV[2])
local entry, done, counted = {KEYS[2], '*'}, {}, 0
for f = 1, n do
  entry[2 * f + 1] = ARGV[f + 2]
end
for i = n + 3, #ARGV, n + 1 do
  if call('XACK', tasks, group, ARGV[i]) == 1 then
    counted = counted + 1
    done[counted] = ARGV[i]
    for f = 1, n do
      entry[2 * f + 2] = ARGV[i + f]
    end
    call('XADD', unpack(entry, 1, 2 * n + 2))
  end
end
if counted > 0 then
  call('XDEL', tasks, unpack(done))
end
return counted
