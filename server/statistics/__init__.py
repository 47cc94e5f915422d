"""Bounds that stay valid however often one looks, and what is decided by them. Pure functions."""
