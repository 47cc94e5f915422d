"""Bounds the work that the process does at once, and sheds what is beyond it.

`gradient` finds the limit; `limiter` gives the places under it, the most urgent calls first;
`interceptor` asks for one before every call; `metrics` shows it to Prometheus.
"""
