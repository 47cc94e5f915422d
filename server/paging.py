"""Opaque page tokens: signed, and bound to the tenant and filter that they were made for."""

import base64
import hashlib
import hmac

SIGNATURE_BYTES = 12


class InvalidPageToken(Exception):
    """A page token that this server did not make for this listing."""


def make_page_token(cursor: bytes, scope: str, key: bytes) -> str:
    """A token for the page after `cursor`; `scope` names listing, tenant and filter."""
    return base64.urlsafe_b64encode(cursor + _sign(cursor, scope, key)).decode()


def read_page_token(token: str, scope: str, key: bytes) -> bytes:
    """The cursor of the page before; empty for an empty token.

    Raises InvalidPageToken when the token was not made here for this scope.
    """
    if not token:
        return b""
    try:
        data = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
    except ValueError as error:
        raise InvalidPageToken from error
    cursor, signature = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _sign(cursor, scope, key)):
        raise InvalidPageToken
    return cursor


def _sign(cursor: bytes, scope: str, key: bytes) -> bytes:
    message = b"page\0" + cursor + scope.encode()
    return hmac.digest(key, message, hashlib.sha256)[:SIGNATURE_BYTES]
