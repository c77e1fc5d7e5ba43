-- KEYS: epoch notify:dead
-- ARGV: epoch, time ("2026-09-02T10:00:00Z"), entries that the list keeps at most, entries to remove at most
-- RETURNS: number of entries removed; error FENCED if a newer epoch exists
-- The list is in the order in which messages were given up. Removes the entries from before the time, and the oldest entries while
-- there are too many. An entry that names no time, which a person pushed, is as old as the next entry that names one.
local newest = tonumber(redis.call('GET', KEYS[1]) or '0')
if tonumber(ARGV[1]) < newest then
  return redis.error_reply('FENCED a newer epoch exists: ' .. newest)
end
if tonumber(ARGV[1]) > newest then redis.pcall('SET', KEYS[1], ARGV[1]) end -- see task_publish
local entries = redis.call('LRANGE', KEYS[2], 0, ARGV[4] - 1)
local remove = math.min(redis.call('LLEN', KEYS[2]) - ARGV[3], #entries)
for i, entry in ipairs(entries) do
  -- A text that contains these words has its quotes escaped, so it does not match.
  local at = string.match(entry, '"dead_at"%s*:%s*"([^"\\]*)"')
  if at then
    if at >= ARGV[2] then break end
    remove = math.max(remove, i)
  end
end
if remove <= 0 then return 0 end
redis.call('LTRIM', KEYS[2], remove, -1)
return remove
