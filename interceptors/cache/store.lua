-- Stores an entry unless one of its tags was invalidated since its work began, and gives up the
-- lock of that work.
-- KEYS  entry, lock, tags of the question..., indexes of the tags of the answer...
-- ARGV  the entry, its life in ms, token, the version of each tag when the work began
local MOST_NAMED = 1000
local first_index = #ARGV
if redis.call('GET', KEYS[2]) == ARGV[3] then
  redis.call('DEL', KEYS[2])
end
for i = 3, first_index - 1 do
  if redis.call('GET', KEYS[i]) ~= ARGV[i + 1] then
    return 0
  end
end
for i = first_index, #KEYS do
  -- What an index cannot name nobody could forget. The name '' says that it is closed.
  local is_closed = redis.call('SISMEMBER', KEYS[i], '') == 1
  if is_closed or redis.call('SCARD', KEYS[i]) >= MOST_NAMED then
    return 0
  end
end
-- Before the entry: there must be none without its names, should Redis be full in between.
for i = first_index, #KEYS do
  redis.call('SADD', KEYS[i], KEYS[1])
  if redis.call('PTTL', KEYS[i]) < tonumber(ARGV[2]) then
    redis.call('PEXPIRE', KEYS[i], ARGV[2])
  end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
