"""Experiments on made-up units whose truth is known: what `bench.simulate` repeats and counts.

Each function runs one experiment and returns what happened in it, by the name of the figure. The
statistics are the server's own.
"""
