"""Reuse of an answer for another ticket that asks the same, within a budget of false hits."""
