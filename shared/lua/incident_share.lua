-- KEYS: incidents alarms leader instances
-- ARGV: instance, life of an observation in ms, then for each incident that this program observes: name, cause
-- RETURNS: {1 when somebody leads else 0, schedulers, workers, notifiers alive, {name, since in ms, cause, ...} of all
-- programs, {name, JSON, ...} of the alarms that Redis keeps, the time in ms}
-- An observation is the field <name>@<instance>, so that it ends with its observer alone. What this program observed before and
-- does not any more is gone at once.
-- The first write proves that Redis takes writes: with NOREPLICAS, OOM, MISCONF or NOPERM this script fails, and that is how each
-- program notices it. An observation ends by itself when nobody repeats it, so that a program that died holds no incident up.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], 'checked_at', string.format('%.0f', now))

for i = 3, #ARGV, 2 do
  local since = now
  local field = ARGV[i] .. '@' .. ARGV[1]
  local ok, seen = pcall(cjson.decode, redis.call('HGET', KEYS[1], field) or '')
  if ok and type(seen) == 'table' and tonumber(seen.until_ms) and tonumber(seen.until_ms) >= now then
    since = tonumber(seen.since_ms) or now
  end
  redis.call('HSET', KEYS[1], field, cjson.encode({
    since_ms = string.format('%.0f', since), until_ms = string.format('%.0f', now + ARGV[2]), by = ARGV[1], cause = ARGV[i + 1]}))
end

local observed = {}
for i = 3, #ARGV, 2 do observed[ARGV[i]] = true end
local shared = {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if all[i] ~= 'checked_at' then
    local name = string.match(all[i], '^[^@]*')
    local ok, seen = pcall(cjson.decode, all[i + 1])
    if ok and type(seen) == 'table' and (tonumber(seen.until_ms) or 0) >= now and (seen.by ~= ARGV[1] or observed[name]) then
      table.insert(shared, name)
      table.insert(shared, tostring(seen.since_ms))
      table.insert(shared, tostring(seen.cause or ''))
    else
      redis.call('HDEL', KEYS[1], all[i])
    end
  end
end

local alive = {scheduler = 0, worker = 0, notifier = 0}
local members = redis.call('ZRANGE', KEYS[4], 0, 999, 'REV', 'WITHSCORES')
for i = 1, #members, 2 do
  local component = string.match(members[i], '^(%a+):')
  if alive[component] and tonumber(members[i + 1]) > now then alive[component] = alive[component] + 1 end
end
return {redis.call('EXISTS', KEYS[3]), alive.scheduler, alive.worker, alive.notifier, shared, redis.call('HGETALL', KEYS[2]), string.format('%.0f', now)}
