"""Interceptors for any grpc.aio server, composed once per method.

Each is one file and takes its collaborators in its constructor; `chain` joins
them. Outermost first: telemetry (metrics, log line) > error status > drain >
codec > validation > servicer.
"""
