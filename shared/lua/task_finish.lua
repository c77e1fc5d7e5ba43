-- KEYS: tasks results
-- ARGV: group, count of field names, names ..., then for each task: entry id, a value for each name
-- RETURNS: number of tasks that counted
-- Acknowledges each task, deletes it from the stream and writes its result. A task that is not pending any more was completed by
-- another worker and adds nothing, so each task has one result (guarantee 1).
-- With `tasks` as the second key a task is passed on instead: it becomes a new entry that any worker can read at once.
-- The field names are sent once, one table serves all entries, and there is one XDEL. That halves the time that Redis spends.
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
