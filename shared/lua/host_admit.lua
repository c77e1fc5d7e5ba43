-- KEYS: limit:<host> cooldown:<host>
-- ARGV: rate a second (ceiling), burst, permits wanted
-- RETURNS: {permits granted, ms to wait before asking again (0 when all were granted), 1 when the host is paused}
-- limit:<host> is JSON: tat_us (when the bucket is full again, server time), rate (now, after cuts), cut_us (when it was last cut).
-- A generic cell rate algorithm on the server's clock: the whole fleet shares it, and no worker's clock matters (promise 6).
local now = redis.call('TIME')
local now_us = tonumber(now[1]) * 1000000 + tonumber(now[2])
local pause = redis.call('PTTL', KEYS[2])
if pause > 0 then
  return {0, pause, 1}
end
local ceiling = tonumber(ARGV[1])
if ceiling <= 0 then
  return {tonumber(ARGV[3]), 0, 0}
end
local state = redis.call('GET', KEYS[1])
local tat_us, rate, cut_us = now_us, ceiling, 0
if state then
  local ok, seen = pcall(cjson.decode, state)
  if ok and type(seen) == 'table' then
    tat_us = tonumber(seen.tat_us) or now_us
    rate = tonumber(seen.rate) or ceiling
    cut_us = tonumber(seen.cut_us) or 0
  end
end
-- additive recovery: a twentieth of the ceiling each second since the cut
local allowed = math.min(ceiling, rate + (now_us - cut_us) / 1000000 * ceiling / 20)
if allowed < 0.01 then allowed = 0.01 end
local step = 1000000 / allowed
local slack = step * tonumber(ARGV[2])
if tat_us < now_us then tat_us = now_us end
local granted = 0
local wanted = tonumber(ARGV[3])
while granted < wanted and tat_us + step - now_us <= slack do
  tat_us = tat_us + step
  granted = granted + 1
end
local wait = 0
if granted < wanted then
  wait = math.max(1, math.ceil((tat_us + step - now_us - slack) / 1000))
end
redis.call('SET', KEYS[1], string.format('{"tat_us":%.0f,"rate":%.3f,"cut_us":%.0f}', tat_us, rate, cut_us), 'PX', 3600000)
return {granted, wait, 0}
