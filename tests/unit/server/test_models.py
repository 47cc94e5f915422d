"""Who is asked where two variables name an endpoint."""

import pytest

from server.composition.models import read_terms
from server.engines.llm.providers_file import InvalidProviders
from server.settings import Settings


@pytest.mark.parametrize(
    ("url", "has_strict_schema", "has_logprobs"),
    [
        ("https://api.openai.com/v1", True, True),
        ("http://127.0.0.1:11434/v1", True, True),
        ("https://api.groq.com/openai/v1", False, False),
        ("https://generativelanguage.googleapis.com/v1beta/openai", True, False),
    ],
)
def test_an_endpoint_is_asked_for_nothing_that_it_refuses(
    url: str, has_strict_schema: bool, has_logprobs: bool
) -> None:
    (provider,) = read_terms(Settings(llm_url=url, llm_model="m")).providers
    assert provider.has_strict_schema is has_strict_schema
    assert provider.has_logprobs is has_logprobs


def test_without_an_endpoint_nobody_is_asked() -> None:
    assert read_terms(Settings()).providers == ()


def test_a_key_that_no_header_can_carry_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1\nsk-2")
    with pytest.raises(InvalidProviders, match="OPENAI_API_KEY holds a line break"):
        read_terms(Settings(llm_url="https://api.example/v1", llm_model="m"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1\n")
    (provider,) = read_terms(Settings(llm_url="https://api.example/v1", llm_model="m")).providers
    assert provider.key == "sk-1"
