"""The Switchyard server: triage of customer-support tickets over gRPC."""

__version__ = "0.1.0"
