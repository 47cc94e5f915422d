"""Tokens that no library would make."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping


def unsigned(algorithm: str, key_id: str, claims: Mapping[str, object]) -> str:
    """A token without a signature that states an algorithm."""
    header = {"typ": "JWT", "alg": algorithm, "kid": key_id}
    return f"{_segment(json.dumps(header).encode())}.{_segment(json.dumps(claims).encode())}."


def signed_with_a_secret(secret: bytes, key_id: str, claims: Mapping[str, object]) -> str:
    """A token of algorithm HS256; `secret` may be what everybody knows, such as a public key."""
    token = unsigned("HS256", key_id, claims)
    return token + _segment(hmac.digest(secret, token[:-1].encode(), hashlib.sha256))


def _segment(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
