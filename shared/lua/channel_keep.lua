-- KEYS: channel:<channel>
-- ARGV: instance, ms the channel stays with it
-- RETURNS: 1 when it is with this instance
-- Messages of it are held and wait: nobody else shall say later ones before them.
local time = redis.call('TIME')
if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then return 0 end
local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('HSET', KEYS[1], 'until_ms', string.format('%.0f', now_ms + tonumber(ARGV[2])))
return 1
