"""The example of a file of providers is complete, and true of what it leaves to defaults."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from server.engines.llm.provider import Provider, Providers
from server.engines.llm.providers_file import KEY_FIELDS, read_providers

EXAMPLE = Path(__file__).parents[3] / "examples" / "providers.toml"
GUIDE = EXAMPLE.parents[1] / "docs" / "providers.md"
SPARED = re.compile(r"^# (?=\w+ = )", re.MULTILINE)  # before a line that need not be there
NAMES = [
    each.name
    for kind, hidden in ((Provider, "key"), (Providers, "providers"))
    for each in fields(kind)
    if each.name != hidden
]


KEYS = dict.fromkeys(("OPENAI_API_KEY", "GROQ_API_KEY", "GEMINI_API_KEY"), "a key")


def test_the_example_can_be_used_as_it_stands() -> None:
    providers = read_providers(EXAMPLE, KEYS).providers
    assert [provider.name for provider in providers] == [
        "openai",
        "groq",
        "gemini",
        "vllm",
        "ollama",
    ]


def test_what_is_commented_out_holds_anyway(tmp_path: Path) -> None:
    text = SPARED.sub("", EXAMPLE.read_text("utf-8"))
    whole = tmp_path / "providers.toml"
    whole.write_text(re.sub(r"ca_file = .*", "", text), "utf-8")  # there is no such file
    assert read_providers(whole, KEYS) == read_providers(EXAMPLE, KEYS)


@pytest.mark.parametrize("name", NAMES)
def test_every_key_stands_in_the_example(name: str) -> None:
    assert re.search(rf"^(# )?{name} = ", EXAMPLE.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", [*NAMES, *KEY_FIELDS])
def test_every_key_is_described(name: str) -> None:
    assert f"`{name}`" in GUIDE.read_text("utf-8")
