-- KEYS: tasks
-- ARGV: group, consumer, entry ids ...
-- RETURNS: how many were handed back: each becomes a fresh entry that any worker can read at once
-- Only entries still pending for this consumer go back: one that was claimed meanwhile belongs to its new owner.
local MOST = 7000 -- names and values that Lua can unpack; an entry with more stays pending, for whoever claims it
local returned = 0
for i = 3, #ARGV do
  local mine = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2])
  if mine[1] then
    local entry = redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i])[1]
    local whole = not entry or #entry[2] <= MOST
    if whole then redis.call('XACK', KEYS[1], ARGV[1], ARGV[i]) end
    if entry and whole then
      redis.call('XDEL', KEYS[1], ARGV[i])
      redis.call('XADD', KEYS[1], '*', unpack(entry[2]))
      returned = returned + 1
    end
  end
end
return returned
