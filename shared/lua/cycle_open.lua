-- KEYS: epoch cycle tasks
-- ARGV: epoch, cycle number, planned, started_at, deadline, group of tasks, then for each control and recheck: task, url, tier, prefix, number, revision, ext, traceparent (may be empty)
-- RETURNS: position in the plan up to which tasks were published already; error FENCED when a newer epoch exists
-- The group is made when it is not there, so that lag and length can be read before the first worker comes.
-- A hash of the same cycle is taken over as it stands. The number alone does not say that it is the same: a PostgreSQL that was
-- restored gives a number out again, and its cycle began at another time. Any other hash is replaced, and then those are published, before all else.
local newest = tonumber(redis.call('GET', KEYS[1]) or '0')
if tonumber(ARGV[1]) < newest then
  return redis.error_reply('FENCED a newer epoch exists: ' .. newest)
end
redis.call('SET', KEYS[1], ARGV[1])
redis.pcall('XGROUP', 'CREATE', KEYS[3], ARGV[6], '0', 'MKSTREAM') -- BUSYGROUP: it is there
local number, started = redis.call('HGET', KEYS[2], 'number'), redis.call('HGET', KEYS[2], 'started_at')
if number ~= ARGV[2] or (started and started ~= ARGV[4]) then
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[2], 'number', ARGV[2], 'published', '0', 'finished', '0')
  for i = 7, #ARGV, 8 do
    local fields = {'task', ARGV[i], 'cycle', ARGV[2], 'epoch', ARGV[1],
      'url', ARGV[i + 1], 'tier', ARGV[i + 2], 'prefix', ARGV[i + 3], 'number', ARGV[i + 4],
      'revision', ARGV[i + 5], 'ext', ARGV[i + 6]}
    if ARGV[i + 7] ~= '' then
      fields[19], fields[20] = 'traceparent', ARGV[i + 7]
    end
    redis.call('XADD', KEYS[3], '*', unpack(fields))
  end
end
redis.call('HSET', KEYS[2], 'epoch', ARGV[1], 'planned', ARGV[3], 'started_at', ARGV[4], 'deadline', ARGV[5])
return tonumber(redis.call('HGET', KEYS[2], 'published'))
