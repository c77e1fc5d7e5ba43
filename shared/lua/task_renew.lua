-- KEYS: tasks
-- ARGV: group, consumer, entry ids ...
-- RETURNS: the ids that are not pending for this consumer any more: somebody else has them, or they are done
-- Sets their idle time to 0 without raising the delivery count. The owner is looked at first, because XCLAIM alone would
-- steal an entry back from whoever claimed it meanwhile.
local lost = {}
for i = 3, #ARGV do
  local mine = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2])
  if mine[1] then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], '0', ARGV[i], 'JUSTID')
  else
    lost[#lost + 1] = ARGV[i]
  end
end
return lost
