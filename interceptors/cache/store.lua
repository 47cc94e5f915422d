-- Stores an entry unless one of its tags was invalidated since its work began, and gives up the
-- lock of that work.
-- KEYS  entry, lock, tags...
-- ARGV  the entry, its life in ms, token, the version of each tag when the work began
if redis.call('GET', KEYS[2]) == ARGV[3] then
  redis.call('DEL', KEYS[2])
end
for i = 3, #KEYS do
  if redis.call('GET', KEYS[i]) ~= ARGV[i + 1] then
    return 0
  end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
