"""Experiments: what is compared, who gets what, what came of it, and what that shows."""
