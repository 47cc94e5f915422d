"""One call on its way through the chain, and who makes it.

A `Call` is the context that members and servicers see: grpc.aio's own, with room for what the
members find out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network
from random import getrandbits
from typing import Any

import grpc

Context = grpc.aio.ServicerContext[Any, Any]
Metadata = Sequence[tuple[str, str | bytes]]

EVERY_PERMISSION = "*"
ANONYMOUS_TIER = "anonymous"
UNLIMITED_TIER = "unlimited"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. Everything that is kept apart is kept apart by `tenant`."""

    tenant: str
    subject: str  # within the tenant, such as "apiKeys/0123456789abcdef"; empty: anonymous
    permissions: frozenset[str]  # "*": every one
    tier: str  # of its rate limits

    def may(self, permission: str) -> bool:
        """Whether the caller has a permission; an empty one everybody has."""
        held = self.permissions
        return permission in held or EVERY_PERMISSION in held or not permission


MOST_ID = 64  # characters
OF_ONE_CALLER = 64  # bits: the smallest network of IPv6 that anybody is given

ANONYMOUS = Caller("", "", frozenset(), ANONYMOUS_TIER)


class Call:
    """What grpc.aio knows of a call, and what the members of the chain have found out."""

    __slots__ = (
        "_address",
        "_id",
        "answer_metadata",
        "answer_tags",
        "cache",
        "caller",
        "deadline_s",
        "limit",
        "may_be_kept",
        "metadata",
        "method",
        "pairs",
        "reason",
        "transport",
    )

    def __init__(self, method: str, transport: Context) -> None:
        self.method = method  # "package.Service/Method"
        self.transport = transport
        sent: Any = transport.invocation_metadata()  # made anew each time it is asked for
        self.pairs: Metadata = sent or ()  # what the caller sent beside its request, in order
        # The same by key; of a key sent twice, the last value.
        self.metadata: Mapping[str, str | bytes] = dict(self.pairs)
        self.caller = ANONYMOUS
        self.deadline_s: float | None = None  # in time.monotonic() seconds; None: none is known
        self.cache = ""  # what the cache did: "hit", "miss", "stale", "coalesced"; empty: nothing
        self.may_be_kept = True  # whether the response may answer other calls
        self.answer_tags: tuple[str, ...] = ()  # by which it can be forgotten where it is kept
        self.limit = ""  # what the rate limit did: "near", "refused", "shadow"; empty: nothing
        self.reason = ""  # of the error that it ended with; empty: it did not
        # The chain sends it as the call ends.
        self.answer_metadata: tuple[tuple[str, str | bytes], ...] = ()
        self._id = ""
        self._address = ""

    @property
    def id(self) -> str:
        """What finds the call in logs: the caller's `x-request-id`, or one made up."""
        if not self._id:
            given = self.metadata.get("x-request-id")
            self._id = _new_id() if given is None else _fit_id(given)
        return self._id

    @property
    def address(self) -> str:
        """The caller's host without its port: "127.0.0.1", "::1"; of a socket file "unix"."""
        if not self._address:
            self._address = host_of(self.transport.peer())
        return self._address

    def answer_with(self, *metadata: tuple[str, str | bytes]) -> None:
        """Send metadata with the end of the answer, whichever end that is."""
        self.answer_metadata += metadata

    def tag_answer(self, *tags: str) -> None:
        """Let the response be forgotten by each of these tags, wherever it is kept."""
        self.answer_tags = tuple(dict.fromkeys(self.answer_tags + tags))

    def set_trailing_metadata(self, metadata: Metadata) -> None:
        """Send metadata with the end of the answer, beside that of the chain."""
        self.answer_with(*metadata)

    async def abort(self, code: Any, details: str = "", trailing_metadata: Metadata = ()) -> None:
        """End the call with a code and with all the metadata, by raising AbortError."""
        metadata = (*self.answer_metadata, *trailing_metadata)
        await self.transport.abort(code, details, metadata)

    async def abort_with_status(self, status: Any) -> None:
        """The same with a status."""
        await self.abort(status.code, status.details, status.trailing_metadata)

    def __getattr__(self, name: str) -> Any:
        """Everything else is grpc.aio's own context."""
        return getattr(self.transport, name)


def _fit_id(given: str | bytes) -> str:
    is_fit = isinstance(given, str) and 0 < len(given) <= MOST_ID and given.isprintable()
    return str(given) if is_fit else _new_id()


def _new_id() -> str:
    return getrandbits(64).to_bytes(8).hex()


def host_of(peer: str) -> str:
    """The host in a peer as gRPC writes it: of "ipv6:%5B::1%5D:50" it is "::1"."""
    kind, _, rest = peer.partition(":")
    if kind not in {"ipv4", "ipv6"}:
        return kind
    host = rest.rpartition(":")[0]
    return host if kind == "ipv4" else host.replace("%5B", "").replace("%5D", "").strip("[]")


def network_of(address: str) -> str:
    """What counts as one address: of IPv6 the whole "2001:db8::/64", as everybody in it has all of
    it to call from. IPv4 that is written as IPv6 counts as IPv4.
    """
    return _network_of_ipv6(address) if ":" in address else address


@lru_cache(4096)
def _network_of_ipv6(address: str) -> str:
    try:
        ip = IPv6Address(address)
    except ValueError:
        return address
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    if ip.is_loopback or ip.is_link_local:  # where a /64 is this machine, or all its neighbours
        return address
    return str(IPv6Network((int(ip), OF_ONE_CALLER), strict=False))


def is_loopback(address: str) -> bool:
    """Whether a caller's address is this machine's own."""
    return address.startswith("127.") or address in {"::1", "unix"}
