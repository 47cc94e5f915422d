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
        ("my password is swordfish", "swordfish"),
        ("my password is swordfish and it fails", "swordfish"),
        ("the password: swordfish and it fails", "swordfish"),
        ("password: swordfish, login: joe", "swordfish"),
        ("my password is: swordfish", "swordfish"),
        ("my password was swordfish before", "swordfish"),
        ("my password is 12red", "12red"),
        ("mein Passwort ist hunter2", "hunter2"),
        ("postgres://user:p@ss@db", "user:p@ss"),
        ("my code is 482913", "482913"),
        ("verification code: 482913", "482913"),
        ("the code I received is 482 913.", "482 913"),
        ("OTP 482913 does not work", "482913"),
        ("my 2FA code is AB12CD", "AB12CD"),
        ("482913 is my login code", "482913"),
    ],
)
def test_a_secret_is_found_by_what_stands_before_it(text: str, secret: str) -> None:
    assert found(find_secrets, text) == [secret]


@pytest.mark.parametrize(
    "text",
    [
        "my password is wrong",
        "my password is not accepted",
        "the password is expired, the token is missing",
        "my password is really old",
        "my password is case-sensitive",
        "the password was changed, the password issue is not",
        "Password: please reset it, and the login",
        "password: locked and unable to log in",
        "the secret is out",
        "the zip code is 62704, the error code: 500123",
        "promo code 482913",
        "my code is wrong",
        "2 is my code",
        "see https://example.com:8080/@joe",
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
