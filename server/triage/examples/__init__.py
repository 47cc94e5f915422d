"""Labelled examples: tickets of which the truth is known."""
