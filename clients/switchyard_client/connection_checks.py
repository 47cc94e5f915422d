"""What a connection is given, looked at before anything is sent.

gRPC raises errors without a name for headers that it cannot carry, or waits for ever, and it takes
a port modulo 65536.
"""

import re
from collections.abc import Sequence

from switchyard_client.errors import unsendable

Metadata = Sequence[tuple[str, str | bytes]]
_NAME = re.compile(r"[0-9a-z_.-]+")
_VALUE = re.compile(rb"[ -~]*")
_NUMBER = re.compile(r"[+-]?[0-9]+")
_LAST_PORT = 65_535


def checked_address(address: str) -> str:
    """The address. Raises UnsendableRequest where its port is a number that no port has."""
    targets = [] if address.startswith("unix") else address.split(",")
    for target in targets:
        port = target.rpartition(":")[2].strip()
        if ":" in target and _NUMBER.fullmatch(port) and not _is_port(port):
            raise unsendable("address", f"{address} has no port from 1 to {_LAST_PORT}")
    return address


def checked_key(api_key: str) -> str:
    """The key, without the white space around it; empty: there is none.

    Raises UnsendableRequest, which does not repeat it.
    """
    key = api_key.strip()
    if api_key and not key:
        raise unsendable("api_key", "is nothing but white space")
    if not is_key(key):
        raise unsendable("api_key", "holds white space, or characters beyond printable ASCII")
    return key


def is_key(text: str) -> bool:
    """Whether it could be a key or a token; empty text could."""
    return text.isascii() and text.isprintable() and " " not in text


def checked_metadata(metadata: Metadata) -> Metadata:
    """The metadata. Raises UnsendableRequest, which does not repeat a value: it may be secret."""
    for name, value in metadata:
        if not _NAME.fullmatch(name):
            rule = "must be of small letters, digits, '-', '_' and '.'"
            raise unsendable("metadata", f"the name {name!a} {rule}")
        if name.endswith("-bin"):
            if isinstance(value, str):
                raise unsendable("metadata", f"the value of {name} must be bytes")
        elif not _VALUE.fullmatch(_bytes_of(value)):
            rule = "must be printable ASCII, as its name does not end with -bin"
            raise unsendable("metadata", f"the value of {name} {rule}")
    return tuple(metadata)


def _is_port(number: str) -> bool:
    return len(number) <= len(str(_LAST_PORT)) and 0 < int(number) <= _LAST_PORT


def _bytes_of(value: str | bytes) -> bytes:
    return value.encode(errors="surrogatepass") if isinstance(value, str) else value
