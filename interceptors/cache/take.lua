-- Takes the lock of a work unless somebody holds it, and gives a version to tags without one.
-- KEYS  entry, lock, tags...
-- ARGV  token, lease in ms, life of a version in ms
-- Answers the entry or "", the token of the lock's holder, the version of each tag.
redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2])
local answer = {redis.call('GET', KEYS[1]) or '', redis.call('GET', KEYS[2])}
for i = 3, #KEYS do
  redis.call('SET', KEYS[i], ARGV[1], 'NX')
  redis.call('PEXPIRE', KEYS[i], ARGV[3])
  answer[i] = redis.call('GET', KEYS[i])
end
return answer
