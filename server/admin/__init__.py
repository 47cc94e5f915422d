"""What operators see and order: caches, limits, breakers, performance."""
