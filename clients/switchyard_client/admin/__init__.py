"""Administration of a server: access, cache, rate limits and circuit breakers."""
