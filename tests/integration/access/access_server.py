"""A server of AccessService alone, in the test's process, on a real database."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import descriptor_pool
from grpc_health.v1 import health_pb2_grpc
from switchyard.admin.v1 import access_service_pb2, access_service_pb2_grpc

from interceptors.chain import Chain
from interceptors.codec import Codec
from interceptors.error_status import ErrorStatus
from interceptors.identity import Identity
from interceptors.limits.book import LimitBook
from interceptors.limits.limiter import Limiter
from interceptors.permission import Permission
from interceptors.policy import read_policies
from interceptors.validation import Validation
from server.access.authenticator import Authenticator
from server.access.directory import Directory
from server.access.guesses import Guesses
from server.access.key_set import KeySet
from server.access.key_set_source import key_set_source
from server.access.key_store import KeyStore
from server.access.last_use import last_use
from server.access.outside_issuer import OutsideIssuer, Terms
from server.access.remembered import Remembered
from server.access.servicer import AccessServicer
from server.access.signing_keys import SigningKeys
from server.access.tenant_store import ACCESS_CHANNEL, TenantStore
from server.access.tokens import Tokens
from server.access.verification import verification
from server.audit.store import AuditLog
from server.caller import caller_of
from server.errors import status_of
from server.health import Health
from server.storage.database import Database
from server.storage.migrate import migrate, read_migrations
from server.storage.notifications import Notifications
from server.storage.rounds import Repeated

SERVICE = access_service_pb2.DESCRIPTOR.services_by_name["AccessService"].full_name
TERMS = Terms("https://sso.example", "switchyard", "tenant", "roles")
HEALTH = {f"grpc.health.v1.Health/{method}": "" for method in ("Check", "Watch", "List")}


@dataclass(frozen=True, slots=True)
class AccessServer:
    """A server that serves, and a channel to it over loopback."""

    channel: grpc.aio.Channel
    database: Database
    remembered: Remembered
    last_use: Repeated
    charged: list[str]  # addresses of failed authentications
    lost: asyncio.Event  # set when revocations are no longer heard of

    async def call(self, method: str, credentials: str = "", **fields: Any) -> Any:
        """The answer to a call of AccessService."""
        stub: Any = access_service_pb2_grpc.AccessServiceStub(self.channel)  # type: ignore[no-untyped-call]  # generated
        request = getattr(access_service_pb2, f"{method}Request")(**fields)
        metadata = (("authorization", f"Bearer {credentials}"),) if credentials else ()
        return await getattr(stub, method)(request, metadata=metadata, timeout=20)

    @property
    def health(self) -> Any:
        """A stub of health."""
        return health_pb2_grpc.HealthStub(self.channel)


@asynccontextmanager
async def access_server(
    url: str, folder: Path, jwks: Path | None = None, clock: Callable[[], float] = time.time
) -> AsyncIterator[AccessServer]:
    """A server on the database at `url`, ready to be called; `clock` tells what has expired."""
    async with AsyncExitStack() as stack:
        database = Database(url)
        await database.open()
        stack.push_async_callback(database.close)
        await migrate(database, read_migrations())

        keys, tenants = KeyStore(database), TenantStore(database)
        directory = Directory(keys, tenants, clock)
        tokens = Tokens(SigningKeys(folder / "token.keys", clock), directory.live_key, clock)
        outside = None
        if jwks is not None:
            key_set = KeySet(key_set_source(str(jwks)), _ignore)
            outside = OutsideIssuer(key_set, TERMS, directory.check_tenant, clock).verify
        remembered, charged, lost = Remembered(clock), list[str](), asyncio.Event()

        async def charge(address: str) -> None:
            charged.append(address)

        authenticator = Authenticator(
            remembered,
            verification(directory.verify_secret, tokens.verify, outside),
            keys.any,
            charge,
            Guesses(Limiter(LimitBook())),
            is_open_at_first=jwks is None,
        )
        notifications = Notifications(
            url, {ACCESS_CHANNEL: authenticator.forget}, [authenticator.lose, lost.set]
        )
        notifications.start()
        stack.push_async_callback(notifications.stop)

        permission = Permission(read_policies(descriptor_pool.Default(), [SERVICE]), HEALTH)
        chain = Chain(
            [
                ErrorStatus(lambda _call, error: status_of(error)),
                Identity(remembered.known, authenticator.authenticate, permission.is_open),
                permission,
                Codec(items_stand_alone=lambda _method: False),
                Validation(),
            ]
        )
        server = grpc.aio.server(interceptors=(chain,))
        servicer = AccessServicer(
            keys,
            tenants,
            AuditLog(database),
            tokens,
            directory.live_key,
            authenticator.forget,
            caller_of,
            b"page key",
        )
        access_service_pb2_grpc.add_AccessServiceServicer_to_server(servicer, server)  # type: ignore[no-untyped-call]  # generated
        health = Health((SERVICE,))
        health.register(server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        stack.push_async_callback(server.stop, None)
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))
        yield AccessServer(
            channel,
            database,
            remembered,
            last_use(remembered.take_uses, keys.write_uses),
            charged,
            lost,
        )


def _ignore(_report: Mapping[str, object]) -> None:
    """Nobody reads it."""
