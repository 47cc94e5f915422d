-- Deletes versions of tags, and the entries that indexes name; an index is then closed for a while.
-- KEYS  versions and indexes
-- ARGV  for each how long it is closed, in ms; 0: it is a version
-- Answers for each the names of the entries that there were.
local gone = {}
for i, name in ipairs(KEYS) do
  gone[i] = {}
  if ARGV[i] == '0' then
    redis.call('DEL', name)
  else
    for _, entry in ipairs(redis.call('SMEMBERS', name)) do
      if redis.call('DEL', entry) == 1 then
        table.insert(gone[i], entry)
      end
    end
    redis.call('DEL', name)
    -- A full Redis takes no name; but it takes no entry either.
    redis.pcall('SADD', name, '')
    redis.call('PEXPIRE', name, ARGV[i])
  end
end
return gone
