"""Rate limits, for operators."""
