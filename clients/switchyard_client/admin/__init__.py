"""Administration of a server: access, caches, limits, breakers, language models and their cost."""
