-- KEYS: epoch cycle tasks
-- ARGV: epoch, cycle number, position after this batch, then for each task: position, task, url, tier, prefix, number, revision, ext, traceparent (may be empty)
-- RETURNS: number of tasks added; error FENCED if a newer epoch exists, NOCYCLE if the cycle hash is missing or belongs to another cycle
-- Adds a batch of probes to the stream. The epoch keeps a former leader from adding tasks (guarantee 2). The hash's field published
-- is a high-water mark: a task at a lower position is in the stream already or has been completed. So publishing a batch twice,
-- after a lost answer or by the next leader, adds nothing.
local newest = tonumber(redis.call('GET', KEYS[1]) or '0')
if tonumber(ARGV[1]) < newest then
  return redis.error_reply('FENCED a newer epoch exists: ' .. newest)
end
-- A Redis that failed over may have lost the newest epoch. It is stored again; else a former leader's script would pass after this one.
-- A full Redis refuses that alone (pcall), because what follows may free memory.
if tonumber(ARGV[1]) > newest then redis.pcall('SET', KEYS[1], ARGV[1]) end
if redis.call('HGET', KEYS[2], 'number') ~= ARGV[2] then
  return redis.error_reply('NOCYCLE the cycle hash is not of cycle ' .. ARGV[2])
end
local published = tonumber(redis.call('HGET', KEYS[2], 'published') or '0')
local added = 0
-- One table serves all tasks: a table for each would cost more time than the field traceparent.
local entry = {KEYS[3], '*', 'task', '', 'cycle', ARGV[2], 'epoch', ARGV[1], 'url', '', 'tier', '', 'prefix', '',
  'number', '', 'revision', '', 'ext', '', 'traceparent', ''}
for i = 4, #ARGV, 9 do
  if tonumber(ARGV[i]) >= published then
    entry[4], entry[10], entry[12], entry[14] = ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
    entry[16], entry[18], entry[20], entry[22] = ARGV[i + 5], ARGV[i + 6], ARGV[i + 7], ARGV[i + 8]
    redis.call('XADD', unpack(entry, 1, ARGV[i + 8] == '' and 20 or 22))
    added = added + 1
  end
end
if tonumber(ARGV[3]) > published then
  redis.call('HSET', KEYS[2], 'published', ARGV[3])
end
return added
