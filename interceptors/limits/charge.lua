-- Spends units of every window of a caller, or of none, by Redis' own clock.
--
-- KEYS[1]  the caller's hash; each field is a window: "ENDS PREVIOUS CURRENT", ENDS in seconds
-- ARGV     the cost, 0 to look only; then of each window its field, limit and width in seconds
-- Answers  1 where the cost was admitted, else 0; then of each window the microseconds until its
--          bucket ends, the units of the bucket before, and those of the present one

local key, cost = KEYS[1], tonumber(ARGV[1])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000

local windows, fields = {}, {}
for i = 2, #ARGV, 3 do
  windows[#windows + 1] = { limit = tonumber(ARGV[i + 1]), width = tonumber(ARGV[i + 2]) }
  fields[#fields + 1] = ARGV[i]
end

local admitted, widest = 1, 0
local kept = redis.call('HMGET', key, unpack(fields))
for i, window in ipairs(windows) do
  local width = window.width
  local ends, previous, current = string.match(kept[i] or '', '^(%d+) (%d+) (%d+)$')
  ends, previous, current = tonumber(ends or 0), tonumber(previous or 0), tonumber(current or 0)
  if now >= ends then
    previous = now < ends + width and current or 0
    current = 0
    ends = (math.floor(now / width) + 1) * width
  end
  -- A clock that was set back must not make what is spent count for more than it is.
  window.left = math.min(ends - now, width)
  window.units = math.min(cost, window.limit)
  window.ends, window.previous, window.current = ends, previous, current
  if math.floor(previous * window.left / width) + current + window.units > window.limit then
    admitted = 0
  end
  widest = math.max(widest, width)
end

if admitted == 1 and cost > 0 then
  local values = {}
  for i, window in ipairs(windows) do
    window.current = window.current + window.units
    values[2 * i - 1] = fields[i]
    values[2 * i] = string.format('%d %d %d', window.ends, window.previous, window.current)
  end
  redis.call('HSET', key, unpack(values))
  -- Never shortened: other methods of the caller may have wider windows.
  local ttl_ms = 2000 * widest
  if redis.call('PTTL', key) < ttl_ms then
    redis.call('PEXPIRE', key, ttl_ms)
  end
end

local answer = { admitted }
for _, window in ipairs(windows) do
  answer[#answer + 1] = math.ceil(window.left * 1000000)
  answer[#answer + 1] = window.previous
  answer[#answer + 1] = window.current
end
return answer
