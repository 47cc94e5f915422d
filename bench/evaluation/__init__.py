"""How right the embedded engine is on public data, how honest about it, and beside what."""
