"""Circuit breakers: what fails too often is left alone for a while, then tried with a few calls.

`breaker` is the state machine, for any coroutine; `registry` keeps the breakers by name;
`interceptor` puts one before every method; `metrics` shows them to Prometheus.
"""
