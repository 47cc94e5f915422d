"""Reads signed tokens. The algorithm belongs to the key: what a token says of it is only compared.

Times are held against an injected clock, so that the library's own checks of them are off.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jwt

from server.access.refusals import EXPIRED, INVALID, NOT_YET_VALID

LEEWAY_S = 30.0  # by which the clocks of two machines may differ
LATEST_S = 253402300799.0  # the last second of the year 9999

Claims = Mapping[str, Any]


def key_id_of(token: str) -> str:
    """The `kid` in a token's header, before anything is verified. Raises Unauthenticated."""
    try:
        key_id = jwt.get_unverified_header(token).get("kid", "")
    except jwt.InvalidTokenError as error:
        raise INVALID.error() from error
    return str(key_id)


def issuer_of(token: str) -> str:
    """The `iss` in a token, before anything is verified. Raises Unauthenticated."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError as error:
        raise INVALID.error() from error
    return str(claims.get("iss", ""))


def verified_claims(
    token: str,
    key: Any,
    algorithms: Sequence[str],
    *,
    issuer: str,
    audience: str | None,
    required: Sequence[str],
) -> Claims:
    """The claims of a token that `key` has signed for `audience` (None: for nobody in particular).

    Raises Unauthenticated.
    """
    try:
        claims: Claims = jwt.decode(
            token,
            key,
            algorithms=algorithms,
            issuer=issuer,
            audience=audience,
            options={
                "require": list(required),
                "enforce_minimum_key_length": True,
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except jwt.PyJWTError as error:
        raise INVALID.error() from error
    return claims


def check_times(claims: Claims, now_s: float, leeway_after_s: float) -> float:
    """Until when a token holds, in seconds since 1970. `leeway_after_s` is added to its end.

    Raises Unauthenticated.
    """
    expires_s = _seconds(claims, "exp", 0.0) + leeway_after_s
    if now_s >= expires_s:
        raise EXPIRED.error()
    if max(_seconds(claims, "nbf", 0.0), _seconds(claims, "iat", 0.0)) > now_s + LEEWAY_S:
        raise NOT_YET_VALID.error()
    return expires_s


def _seconds(claims: Claims, name: str, default: float) -> float:
    """A time of the token. Infinity and NaN are numbers to JSON's readers, and no times."""
    value = claims.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise INVALID.error()
    if not 0 <= value <= LATEST_S:
        raise INVALID.error()
    return float(value)
