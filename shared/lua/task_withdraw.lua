-- KEYS: epoch tasks
-- ARGV: epoch, group, last closed cycle, entries to examine, id after which to continue ('' at first)
-- RETURNS: {number withdrawn, id after which to continue, or ''}; error FENCED if a newer epoch exists
-- Deletes tasks of closed cycles that no worker has read yet. Those that were read are completed by their workers: deleting them
-- here would leave ids in the pending list that name no entry.
local newest = tonumber(redis.call('GET', KEYS[1]) or '0')
if tonumber(ARGV[1]) < newest then
  return redis.error_reply('FENCED a newer epoch exists: ' .. newest)
end
if tonumber(ARGV[1]) > newest then redis.pcall('SET', KEYS[1], ARGV[1]) end -- see task_publish
if redis.call('EXISTS', KEYS[2]) == 0 then
  return {0, ''}
end
local after = ARGV[5]
if after == '' then
  after = '0-0'
  for _, info in ipairs(redis.call('XINFO', 'GROUPS', KEYS[2])) do
    local name, last = nil, nil
    for f = 1, #info, 2 do
      if info[f] == 'name' then name = info[f + 1] end
      if info[f] == 'last-delivered-id' then last = info[f + 1] end
    end
    if name == ARGV[2] then after = last end
  end
end
local withdrawn, last = 0, ''
for _, entry in ipairs(redis.call('XRANGE', KEYS[2], '(' .. after, '+', 'COUNT', ARGV[4])) do
  last = entry[1]
  local fields = entry[2]
  for f = 1, #fields, 2 do
    if fields[f] == 'cycle' and tonumber(fields[f + 1]) and tonumber(fields[f + 1]) <= tonumber(ARGV[3]) then
      withdrawn = withdrawn + redis.call('XDEL', KEYS[2], entry[1])
      break
    end
  end
end
return {withdrawn, last}
