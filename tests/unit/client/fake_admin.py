"""The administration services for tests of the client."""

from switchyard.admin.v1 import (
    access_service_pb2,
    budget_service_pb2,
    cache_service_pb2,
    rate_limit_service_pb2,
    resilience_service_pb2,
)

from tests.unit.client.canned import CannedService, methods_of

METHODS = methods_of(
    (
        access_service_pb2,
        budget_service_pb2,
        cache_service_pb2,
        rate_limit_service_pb2,
        resilience_service_pb2,
    )
)


class FakeAdmin(CannedService):
    """Answers every administration method."""

    def __init__(self) -> None:
        super().__init__(METHODS)
