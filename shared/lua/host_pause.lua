-- KEYS: limit:<host> cooldown:<host>
-- ARGV: pause in ms, rate ceiling a second, reason (status and worker, for people), floor of the rate
-- RETURNS: ms until the pause ends: the longest asked for by anybody
-- The host said "slow down": nobody asks it until the pause is over, and the rate is halved (not below the floor), once a pause, however
-- many requests were on the wire when it came.
local left = redis.call('PTTL', KEYS[2])
redis.call('PEXPIRE', KEYS[1], 3600000) -- as in instance_beat: a pause is kept by a Redis that is full
local want = tonumber(ARGV[1])
local ceiling = tonumber(ARGV[2])
if left <= 0 and ceiling > 0 then
  local now = redis.call('TIME')
  local now_us = tonumber(now[1]) * 1000000 + tonumber(now[2])
  local seen = {}
  local state = redis.call('GET', KEYS[1])
  if state then
    local ok, read = pcall(cjson.decode, state)
    if ok and type(read) == 'table' then seen = read end
  end
  local rate = math.min(ceiling, (tonumber(seen.rate) or ceiling) + math.max(0, now_us - (tonumber(seen.cut_us) or 0)) / 1000000 * ceiling / 20)
  rate = math.max(math.min(ceiling, tonumber(ARGV[4])), rate / 2)
  redis.call('SET', KEYS[1], string.format('{"tat_us":%.0f,"rate":%.3f,"cut_us":%.0f,"in_flight":%s}', tonumber(seen.tat_us) or now_us, rate,
    now_us + want * 1000, cjson.encode(type(seen.in_flight) == 'table' and seen.in_flight or {})), 'PX', 3600000)
end
if want > left then
  redis.call('SET', KEYS[2], ARGV[3], 'PX', want)
  left = want
end
return left
