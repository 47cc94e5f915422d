"""A server as commands know it."""

from dataclasses import dataclass, field
from typing import TypeVar

import grpc

from switchyard_client.connection import Connection

Client = TypeVar("Client", bound=Connection)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server, and how to call it."""

    address: str
    api_key: str = field(default="", repr=False)
    credentials: grpc.ChannelCredentials | None = None
    allows_plaintext_key: bool = False

    def client(self, kind: type[Client]) -> Client:
        """A client of it, not open yet."""
        return kind(
            self.address,
            api_key=self.api_key,
            credentials=self.credentials,
            allows_plaintext_key=self.allows_plaintext_key,
        )
