"""Feedback in figures."""
