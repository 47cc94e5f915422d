"""Rate limits: what a caller may spend, in this process or in a Redis shared with others."""
