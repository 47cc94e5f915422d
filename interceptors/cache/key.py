"""Keys: what is not the same question of the same tenant never has the same key."""

from hashlib import blake2b

DIGEST_BYTES = 32


def prefix_of(*names: str) -> bytes:
    """Names, each behind its length: no other names make the same prefix, whatever follows it."""
    encoded = [name.encode() for name in names]
    return b"".join(b"%d:%b" % (len(name), name) for name in encoded)


def key_of(prefix: bytes, request: bytes) -> bytes:
    """The key of a request. Prefixes that are compared have equally many names."""
    return blake2b(prefix + request, digest_size=DIGEST_BYTES).digest()
