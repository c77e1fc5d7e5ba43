-- KEYS: tasks
-- ARGV: group, consumer, entry ids ...
-- RETURNS: the ids that are not pending for this consumer any more: another worker claimed or completed them
-- Resets the idle time without raising the delivery count, so that no other worker claims the entries. The owner is checked first,
-- because XCLAIM alone would take an entry back from the worker that claimed it meanwhile.
local lost = {}
for i = 3, #ARGV do
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2])
  if pending[1] then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], '0', ARGV[i], 'JUSTID')
  else
    lost[#lost + 1] = ARGV[i]
  end
end
return lost
