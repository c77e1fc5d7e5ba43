-- KEYS: limit:<host> cooldown:<host>
-- ARGV: pause in ms, rate ceiling a second, reason (status and worker, for people), floor of the rate
-- RETURNS: ms until the pause ends, the longest that any worker asked for
-- The host answered "slow down". No worker sends it a request until the pause ends (guarantee 6), and the rate is halved, not below the
-- floor. It is halved once per pause, although each request that was in flight may be answered in that way.
local left = redis.call('PTTL', KEYS[2])
redis.call('PEXPIRE', KEYS[1], 3600000) -- see instance_beat: lets a full Redis accept the pause
local want = tonumber(ARGV[1])
local ceiling = tonumber(ARGV[2])
if left <= 0 and ceiling > 0 then
  local now = redis.call('TIME')
  local now_us = tonumber(now[1]) * 1000000 + tonumber(now[2])
  local state = {}
  local stored = redis.call('GET', KEYS[1])
  if stored then
    local ok, read = pcall(cjson.decode, stored)
    if ok and type(read) == 'table' then state = read end
  end
  local rate = math.min(ceiling, (tonumber(state.rate) or ceiling) + math.max(0, now_us - (tonumber(state.cut_us) or 0)) / 1000000 * ceiling / 20)
  rate = math.max(math.min(ceiling, tonumber(ARGV[4])), rate / 2)
  redis.call('SET', KEYS[1], string.format('{"tat_us":%.0f,"rate":%.3f,"cut_us":%.0f,"in_flight":%s}', tonumber(state.tat_us) or now_us, rate,
    now_us + want * 1000, cjson.encode(type(state.in_flight) == 'table' and state.in_flight or {})), 'PX', 3600000)
end
if want > left then
  redis.call('SET', KEYS[2], ARGV[3], 'PX', want)
  left = want
end
return left
