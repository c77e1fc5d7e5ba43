-- KEYS: limit:<host> cooldown:<host>
-- ARGV: pause in ms, rate ceiling a second, reason (status and worker, for people)
-- RETURNS: ms until the pause ends: the longest asked for by anybody
-- The host said "slow down": nobody asks it until the pause is over, and the rate is halved (not below a twentieth of the ceiling),
-- once a pause, however many requests were on the wire when it came.
local left = redis.call('PTTL', KEYS[2])
local want = tonumber(ARGV[1])
local ceiling = tonumber(ARGV[2])
if left <= 0 and ceiling > 0 then
  local now = redis.call('TIME')
  local now_us = tonumber(now[1]) * 1000000 + tonumber(now[2])
  local rate, tat_us, cut_us = ceiling, now_us, 0
  local state = redis.call('GET', KEYS[1])
  if state then
    local ok, seen = pcall(cjson.decode, state)
    if ok and type(seen) == 'table' then
      tat_us = tonumber(seen.tat_us) or now_us
      rate = tonumber(seen.rate) or ceiling
      cut_us = tonumber(seen.cut_us) or 0
    end
  end
  rate = math.min(ceiling, rate + (now_us - cut_us) / 1000000 * ceiling / 20)
  rate = math.max(ceiling / 20, rate / 2)
  redis.call('SET', KEYS[1], string.format('{"tat_us":%.0f,"rate":%.3f,"cut_us":%.0f}', tat_us, rate, now_us + want * 1000), 'PX', 3600000)
end
if want > left then
  redis.call('SET', KEYS[2], ARGV[3], 'PX', want)
  left = want
end
return left
