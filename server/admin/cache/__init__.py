"""The response cache, for operators."""
