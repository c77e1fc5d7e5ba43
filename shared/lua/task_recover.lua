-- KEYS: tasks
-- ARGV: group, consumer, minimum idle time in ms, entries wanted
-- RETURNS: list of {id, {name, value, ...}, deliveries, consumer} of this consumer's own entries, in the form of task_claim
-- Finds the entries that this consumer does not know it holds: it restarted under its old name, or the answer to a read was lost
-- with the connection. A consumer renews every entry that it knows, so an idle time above that interval shows the others.
local found = {}
for _, p in ipairs(redis.call('XPENDING', KEYS[1], ARGV[1], 'IDLE', ARGV[3], '-', '+', ARGV[4], ARGV[2])) do
  local got = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], '0', p[1])[1]
  if got and got[2] then
    found[#found + 1] = {got[1], got[2], p[4] + 1, ARGV[2]}
  else
    redis.call('XACK', KEYS[1], ARGV[1], p[1])
  end
end
return found
