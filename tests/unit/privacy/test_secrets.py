"""Keys, tokens and passwords. The keys here open nothing."""

import pytest

from server.privacy.secrets import find_secrets
from tests.unit.privacy.finding import found

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
PRIVATE_KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abcdefghijklmnopqrst",
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "AKIAIOSFODNN7EXAMPLE",
        "xoxb-123456789012-abcdef",
        JWT,
        "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY1",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        PRIVATE_KEY,
    ],
)
def test_a_key_is_found_by_its_form(secret: str) -> None:
    assert found(find_secrets, f"it says {secret} there") == [secret]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer abcdef123456.xyz", "abcdef123456.xyz"),
        ("postgresql://joe:pa55@db.example.com/x", "joe:pa55"),
        ("https://example.com/reset?user=1&token=abc123&x=2", "abc123"),
        ("my password is hunter2.", "hunter2"),
        ("Password: correct", "correct"),
        ("\u0130zmir, PASSWORD: hunter2", "hunter2"),
        ("api_key=abc", "abc"),
        ("exp 12/26 cvv 123", "123"),
        ("password hunter2.", "hunter2"),
        ("it sends Bearer abc.def", "abc.def"),
        ("Authorization: Basic YTpi", "YTpi"),
    ],
)
def test_a_secret_is_found_by_what_stands_before_it(text: str, secret: str) -> None:
    assert found(find_secrets, text) == [secret]


@pytest.mark.parametrize(
    "text",
    [
        "my password is wrong",
        "the password reset fails, the bearer token. too",
        "Password: cannot reset it",
        "request 123e4567-e89b-12d3-a456-426614174000",
        "see https://example.com/docs/how-to-reset-the-password-of-an-account",
        "internationalisation-of-everything",
        "ThisIsAVeryLongCamelCaseIdentifier",
        "the monkey shipping key",
        "-" * 60,
    ],
)
def test_words_names_and_identifiers_are_no_secrets(text: str) -> None:
    assert found(find_secrets, text) == []
