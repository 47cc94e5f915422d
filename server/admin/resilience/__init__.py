"""Circuit breakers, performance, providers and dead letters, for those who run a server."""
