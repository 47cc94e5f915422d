"""A secret can be recognised by its beginning, and not be found out from what is stored."""

import dataclasses
from datetime import UTC, datetime

import pytest

from server.access.key import ApiKey, key_id_in, new_secret, opens
from server.access.roles import Role

KEY = ApiKey("acme", "", b"", "title", (Role.READER,), (), "free", datetime.now(UTC))

BITS = "0" * 64


def counting(size: int) -> bytes:
    return bytes(range(size))


def test_a_secret_begins_with_its_keys_id_and_has_256_random_bits() -> None:
    secret = new_secret(counting)
    assert secret.text == f"sy_{secret.key_id}_{counting(32).hex()}"
    assert key_id_in(secret.text) == secret.key_id == counting(8).hex()


def test_only_the_whole_secret_opens_its_key() -> None:
    secret = new_secret(counting)
    key = dataclasses.replace(KEY, key_id=secret.key_id, digest=secret.digest)
    assert opens(secret.text, key)
    assert not opens(secret.text[:-1] + "0", key)
    assert not opens("", key)


def test_what_is_stored_does_not_hold_the_secret() -> None:
    secret = new_secret(counting)
    assert secret.text.encode()[-32:] not in secret.digest
    assert counting(32) != secret.digest


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sy_",
        "sy_0123456789abcdef",
        f"sk_0123456789abcdef_{BITS}",
        f"sy_0123456789abcdef_{BITS[1:]}",
        f"sy_0123456789ABCDEF_{BITS}",
        f"sy_0123456789abcdef_{BITS}\n",
        f"sy_\u096623456789abcdef_{BITS}",  # a digit of another script
    ],
)
def test_a_malformed_secret_has_no_id(text: str) -> None:
    assert key_id_in(text) == ""
