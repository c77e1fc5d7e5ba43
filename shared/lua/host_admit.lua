-- KEYS: limit:<host> cooldown:<host>
-- ARGV: rate a second (ceiling; 0: none), burst, permits wanted, cap on requests in flight (0: none), instance, requests it has in flight
--       (and will not exceed before it has the answer), requests it wants in flight, ms its share stays its own when it is not heard of
-- RETURNS: {permits granted, ms to wait before asking again (0 when all were granted), 1 when the host is paused, requests the instance may
--          have in flight (-1: no cap)}
-- limit:<host> is JSON: tat_us (when the bucket is full again, server time), rate (now, after cuts), cut_us (when it was last cut),
-- in_flight (by instance: held, want, until_ms, since_ms).
-- A generic cell rate algorithm and shares of the cap, on the server's clock: the whole fleet shares them, and no worker's clock matters
-- (promise 6). A share is even between those who want one; a crashed worker's runs out.
-- What is later than it can be was written before the clock went back, or by another server before a
-- failover: it counts as the latest that can be.
local LATE_US = 20000 -- so much later than another a permit may reach the host: what may come at once is kept smaller by it
local TURN_MS = 1000 -- where there are more workers than requests allowed, they take turns of this
local now = redis.call('TIME')
local now_us = tonumber(now[1]) * 1000000 + tonumber(now[2])
local now_ms = math.floor(now_us / 1000)
local ceiling, burst, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local cap, me, busy, demand = tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local pause = redis.call('PTTL', KEYS[2])

local seen = {}
local state = redis.call('GET', KEYS[1])
if state then
  local ok, read = pcall(cjson.decode, state)
  if ok and type(read) == 'table' then seen = read end
end
local tat_us = tonumber(seen.tat_us) or now_us
local rate = tonumber(seen.rate) or ceiling
local cut_us = tonumber(seen.cut_us) or 0
if pause <= 0 then cut_us = math.min(cut_us, now_us) end

-- Shares of what may be in flight.
local shares = type(seen.in_flight) == 'table' and seen.in_flight or {}
local share = -1
if cap > 0 then
  local others, wanting, short, waiting = 0, 1, false, false
  for name, one in pairs(shares) do
    if type(one) ~= 'table' or not (tonumber(one.held) and tonumber(one.want) and tonumber(one.since_ms))
        or (tonumber(one.until_ms) or 0) <= now_ms then
      shares[name] = nil
    else
      one.until_ms = math.min(one.until_ms, now_ms + tonumber(ARGV[8]))
      one.since_ms = math.min(one.since_ms, now_ms)
      if name ~= me then
        others = others + one.held
        wanting = wanting + 1
      end
    end
  end
  local even = math.max(1, math.floor(cap / wanting))
  for name, one in pairs(shares) do
    if name ~= me and one.held < one.want and one.held < even then
      short = true
      waiting = waiting or one.held == 0
    end
  end
  local mine = shares[me] or { since_ms = now_ms }
  share = math.max(0, math.min(demand, cap - others))
  if pause > 0 then share = 0 end
  if short then share = math.min(share, even) end
  if waiting and mine.held and mine.held > 0 and now_ms - mine.since_ms > TURN_MS then share = 0 end
  -- It keeps to the share from now on; what it has under way beyond it stays counted until it has ended.
  local held = math.max(share, busy)
  if not mine.held or mine.held == 0 then mine.since_ms = now_ms end
  if demand > 0 or held > 0 then
    shares[me] = { held = held, want = demand, until_ms = now_ms + tonumber(ARGV[8]), since_ms = mine.since_ms }
  else
    shares[me] = nil
  end
  -- Permits that no request may use would only be lost.
  if demand > 0 then wanted = math.min(wanted, math.ceil(wanted * share / demand)) end
end

-- Permits.
local granted, wait = 0, 0
if pause > 0 then
  wait = pause
elseif ceiling <= 0 then
  granted = wanted
else
  -- additive recovery: a twentieth of the ceiling each second since the cut
  local allowed = math.max(math.min(ceiling, 0.01), math.min(ceiling, rate + (now_us - cut_us) / 1000000 * ceiling / 20))
  local step = 1000000 / allowed
  local slack = math.max(step, step * burst - LATE_US)
  tat_us = math.min(math.max(tat_us, now_us), now_us + slack)
  while granted < wanted and tat_us + step - now_us <= slack do
    tat_us = tat_us + step
    granted = granted + 1
  end
  if granted < wanted then
    wait = math.max(1, math.ceil((tat_us + step - now_us - slack) / 1000))
  end
end
if ceiling > 0 or cap > 0 then
  redis.call('PEXPIRE', KEYS[1], 3600000) -- as in instance_beat: permits are had from a Redis that is full
  redis.call('SET', KEYS[1], string.format('{"tat_us":%.0f,"rate":%.3f,"cut_us":%.0f,"in_flight":%s}', tat_us, rate, cut_us,
    cjson.encode(shares)), 'PX', 3600000)
end
return {granted, wait, pause > 0 and 1 or 0, share}
