"""Interceptors for any grpc.aio server, composed once per method.

Each is one file and takes its collaborators in its constructor; `chain` joins
them, those that are wanted. Outermost first: telemetry (metrics, log line) >
tracing > error status > drain > connections > local only > identity >
permission > deadline > rate limit > cache > concurrency > circuit breaker >
codec > validation > servicer. What they do with a method stands in its policy
(`switchyard.options.v1`), which `policy` reads from the contract.
`examples/greeter` puts them before a service of its own.
"""
