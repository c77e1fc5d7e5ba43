-- KEYS: tasks
-- ARGV: group, consumer, entry ids ...
-- RETURNS: number of entries returned
-- Puts entries back into the stream, as new ones that any worker can read at once: a worker that stops must not make the fleet wait
-- for the visibility time (guarantee 9). An entry that another worker claimed meanwhile belongs to that worker and stays.
local VALUES_MAX = 7000 -- unpack has a limit; an entry with more names and values stays pending until another worker claims it
local returned = 0
for i = 3, #ARGV do
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2])
  if pending[1] then
    local entry = redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i])[1]
    local whole = not entry or #entry[2] <= VALUES_MAX
    if whole then redis.call('XACK', KEYS[1], ARGV[1], ARGV[i]) end
    if entry and whole then
      redis.call('XDEL', KEYS[1], ARGV[i])
      redis.call('XADD', KEYS[1], '*', unpack(entry[2]))
      returned = returned + 1
    end
  end
end
return returned
