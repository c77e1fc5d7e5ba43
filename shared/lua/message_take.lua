-- KEYS: notify notify:inflight:<instance> notify:holders
-- ARGV: instance, most messages, most when those that overtake are counted too, most of one channel, channel key prefix, heartbeat key prefix,
--       ms a channel stays with who took of it, then the channels that are full here
-- RETURNS: {length of the list after, message, message ...}
-- Ops alerts come first, then direct messages, then the rest, each in the list's order. A full channel does not stop ops alerts. One
-- notifier at a time has a channel (channel:<channel>), so that its order and its pace are kept however many notifiers there are. The
-- channel is free again when the holder's heartbeat is gone and the messages that it had in hand are back in the list. notify:holders
-- has the name of each holder, so that others find its in-flight list without a scan. A quote inside JSON text is escaped, so the plain
-- search finds only the fields. An entry without a channel is no message and is taken at once. An entry that is
-- longer than any message (message.h) is cut: it ends in the dead list, and must not fill the memory of the notifier that takes it.
local WINDOW, CHUNK, LONGEST = 10000, 500, 65536
local me, most, most_of_all, most_of_one = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local full, free, count, heirless = {}, {}, {}, nil
for i = 8, #ARGV do full[ARGV[i]] = true end

-- Whether holder is dead and its messages are not back at the front of the list yet. Until they are, no later message may be sent.
local function leaves_something(holder)
  if redis.call('EXISTS', string.sub(KEYS[2], 1, #KEYS[2] - #me) .. holder) == 0 then return false end
  if not heirless then
    heirless = {}
    for _, name in ipairs(redis.call('SMEMBERS', KEYS[3])) do heirless[name] = true end
  end
  return heirless[holder] == true
end

local function is_free(channel)
  if free[channel] == nil then
    local seen = redis.call('HMGET', ARGV[5] .. channel, 'holder', 'until_ms')
    if not seen[1] or seen[1] == me then
      free[channel] = true
    elseif redis.call('EXISTS', ARGV[6] .. seen[1]) == 0 then
      free[channel] = not leaves_something(seen[1])
    else
      free[channel] = (tonumber(seen[2]) or 0) <= now_ms
    end
  end
  return free[channel]
end

local function class_of(message, channel)
  local kind = string.match(message, '"kind"%s*:%s*"([^"\\]*)"')
  if kind == 'ops_alert' or kind == 'ops_recovery' then return 1 end
  return string.find(channel, '^[DUW][A-Z0-9]+$') and 2 or 3
end

local picked = { {}, {}, {} }
local length = redis.call('LLEN', KEYS[1])
for from = 0, math.min(length, WINDOW) - 1, CHUNK do
  for _, message in ipairs(redis.call('LRANGE', KEYS[1], from, from + CHUNK - 1)) do
    local channel = string.match(message, '"channel"%s*:%s*"([^"\\]*)"') or ''
    local class = channel == '' and 3 or class_of(message, channel)
    local room = class == 3 and most or most_of_all
    if #picked[class] < room and (channel == '' or
        ((class == 1 or (not full[channel] and (count[channel] or 0) < most_of_one)) and is_free(channel))) then
      count[channel] = (count[channel] or 0) + 1
      table.insert(picked[class], { message, channel })
    end
  end
end

local out, seen = { 0 }, {}
for class = 1, 3 do
  for _, one in ipairs(picked[class]) do
    if #out > (class == 3 and most or most_of_all) then break end
    redis.call('LREM', KEYS[1], 1, one[1])
    if #one[1] > LONGEST then one[1] = string.sub(one[1], 1, LONGEST + 1) end
    redis.call('RPUSH', KEYS[2], one[1])
    if one[2] ~= '' and not seen[one[2]] then
      seen[one[2]] = true
      redis.call('HSET', ARGV[5] .. one[2], 'holder', me, 'until_ms', string.format('%.0f', now_ms + tonumber(ARGV[7])))
      redis.call('PEXPIRE', ARGV[5] .. one[2], 604800000)
    end
    out[#out + 1] = one[1]
  end
end
if #out > 1 then
  redis.call('SADD', KEYS[3], me)
end
out[1] = redis.call('LLEN', KEYS[1])
return out
