-- KEYS: limit:<host> cooldown:<host>
-- ARGV: rate per second (ceiling; 0: none), burst, permits wanted, cap on requests in flight (0: none), instance, requests it has in flight
--       (and will not exceed before it has the answer), requests it wants in flight, ms that its share outlives its last call,
--       permits it still has, ms that it counts as present after it returned its share (0: it leaves)
-- RETURNS: {permits granted, ms to wait before asking again (0 if all were granted), 1 if the host is paused, requests the instance may
--          have in flight (-1: no cap)}
-- limit:<host> is JSON: tat_us (when the bucket is full again, server time), rate (after cuts), cut_us (time of the last cut),
-- in_flight (by instance: held, want, used, seen_ms, until_ms, since_ms).
-- Keeps guarantee 6 for the whole fleet: a generic cell rate algorithm for the rate, and shares of the cap for requests in flight. Both
-- run on the server's clock, so a worker's clock does not matter. Workers that want a share get even ones; a crashed worker's expires.
-- A stored time that lies too far in the future was written before the clock was set back, or by another server before a failover.
-- It counts as the latest time that is possible; otherwise the host would stay blocked until then.
local LATE_US = 20000 -- one permit may reach the host this much later than another; the bucket is smaller by as much
local TURN_MS = 1000 -- with more workers than requests in flight, shares change hands after this time
local SILENT_MS = 2500 -- a worker renews its share each second, and a permit lives for 1.05 s at most (rate_limiter.c)
local RESERVE = 0.25 -- part of the cap that a worker leaves to others
local now = redis.call('TIME')
local now_us = tonumber(now[1]) * 1000000 + tonumber(now[2])
local now_ms = math.floor(now_us / 1000)
local ceiling, burst, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local cap, me, busy, demand = tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local pause = redis.call('PTTL', KEYS[2])

local state = {}
local stored = redis.call('GET', KEYS[1])
if stored then
  local ok, read = pcall(cjson.decode, stored)
  if ok and type(read) == 'table' then state = read end
end
local tat_us = tonumber(state.tat_us) or now_us
local rate = tonumber(state.rate) or ceiling
local cut_us = tonumber(state.cut_us) or 0
if pause <= 0 then cut_us = math.min(cut_us, now_us) end

-- Step 1: the share. First drop what expired or cannot be read, and sum up what the other workers hold.
local shares = type(state.in_flight) == 'table' and state.in_flight or {}
local share = -1
if cap > 0 then
  local life_ms, present_ms = tonumber(ARGV[8]), tonumber(ARGV[10])
  local others, wanting, present, short, starved = 0, 1, false, false, false
  for name, one in pairs(shares) do
    if type(one) ~= 'table' or not (tonumber(one.held) and tonumber(one.want) and tonumber(one.since_ms))
        or (tonumber(one.until_ms) or 0) <= now_ms then
      shares[name] = nil
    else
      one.until_ms = math.min(one.until_ms, now_ms + ((one.held > 0 or one.want > 0) and life_ms or present_ms))
      one.since_ms = math.min(one.since_ms, now_ms)
      -- An entry of the version before has no seen_ms and counts in full.
      one.seen_ms = math.min(tonumber(one.seen_ms) or now_ms, now_ms)
      if name ~= me then
        if now_ms - one.seen_ms > SILENT_MS then
          one.held = math.min(one.held, tonumber(one.used) or one.held)
          one.want = one.held
        end
        others = others + one.held
        present = true
        if one.held > 0 or one.want > 0 then wanting = wanting + 1 end
      end
    end
  end
  local most = cap
  if present and cap > 1 then most = cap - math.max(1, math.floor(cap * RESERVE)) end
  local even = math.max(1, math.floor(cap / wanting))
  for name, one in pairs(shares) do
    if name ~= me and one.held < one.want and one.held < even then
      short = true
      starved = starved or one.held == 0
    end
  end
  local own = shares[me] or { since_ms = now_ms }
  share = math.max(0, math.min(demand, cap - others, most))
  if pause > 0 then share = 0 end
  if short then share = math.min(share, even) end
  if starved and own.held and own.held > 0 and now_ms - own.since_ms > TURN_MS then share = 0 end
  -- The worker stays within its share from now on. Requests beyond it still count until they end.
  local held = math.max(share, busy)
  if not own.held or own.held == 0 then own.since_ms = now_ms end
  if demand > 0 or held > 0 then
    shares[me] = { held = held, want = demand, until_ms = now_ms + life_ms, since_ms = own.since_ms, seen_ms = now_ms }
  elseif present_ms > 0 then
    shares[me] = { held = 0, want = 0, until_ms = now_ms + present_ms, since_ms = now_ms, seen_ms = now_ms }
  else
    shares[me] = nil
  end
  -- Grant no permits that the share does not allow to use: they would expire.
  if demand > 0 then wanted = math.min(wanted, math.ceil(wanted * share / demand)) end
end

-- Step 2: the permits.
local granted, wait = 0, 0
if pause > 0 then
  wait = pause
elseif ceiling <= 0 then
  granted = wanted
else
  -- After a cut the rate recovers by a twentieth of the ceiling per second.
  local allowed = math.max(math.min(ceiling, 0.01), math.min(ceiling, rate + (now_us - cut_us) / 1000000 * ceiling / 20))
  local step = 1000000 / allowed
  local slack = math.max(step, step * burst - LATE_US)
  -- Counted from now: in microseconds since 1970 a double knows no more than a quarter. Where only one permit fits into the
  -- slack, `now_us + step - now_us` may round to more than step, and no permit would ever be granted.
  local ahead_us = math.min(math.max(tat_us - now_us, 0), slack)
  while granted < wanted and ahead_us + step <= slack do
    ahead_us = ahead_us + step
    granted = granted + 1
  end
  if granted < wanted then
    wait = math.max(1, math.ceil((ahead_us + step - slack) / 1000))
  end
  tat_us = now_us + ahead_us
end
-- Without a rate, permits do not limit how much of its share a worker uses.
if shares[me] then
  shares[me].used = ceiling > 0 and math.min(shares[me].held, busy + tonumber(ARGV[9]) + granted) or shares[me].held
end
if ceiling > 0 or cap > 0 then
  redis.call('PEXPIRE', KEYS[1], 3600000) -- see instance_beat: lets a full Redis go on granting permits
  redis.call('SET', KEYS[1], string.format('{"tat_us":%.0f,"rate":%.3f,"cut_us":%.0f,"in_flight":%s}', tat_us, rate, cut_us,
    cjson.encode(shares)), 'PX', 3600000)
end
return {granted, wait, pause > 0 and 1 or 0, share}
