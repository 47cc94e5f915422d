"""The file of providers: what is wrong with it is said so that it can be mended, and no key is."""

from decimal import Decimal
from pathlib import Path

import pytest

from server.engines.llm.provider import Preference, Provider, Providers, WayTo
from server.engines.llm.providers_file import InvalidProviders, read_providers
from tests.unit.client.certificates import Authority

SECRET = "sk-live-9f8e7d6c5b4a"  # noqa: S105  # nobody's
LEAST = '[[provider]]\nname = "a"\nbase_url = "https://api.example/v1"\nmodel = "m"\n'


def read(folder: Path, text: str, **environment: str) -> Providers:
    path = folder / "providers.toml"
    path.write_text(text, "utf-8")
    return read_providers(path, environment)


def faults(folder: Path, text: str, **environment: str) -> list[str]:
    with pytest.raises(InvalidProviders) as raised:
        read(folder, text, **environment)
    assert SECRET not in str(raised.value)
    assert raised.value.__cause__ is None
    return raised.value.faults


def test_little_has_to_be_said(folder: Path) -> None:
    assert read(folder, LEAST) == Providers((Provider("a", "https://api.example/v1", "m"),))


def test_everything_can_be_said(folder: Path) -> None:
    authority = folder / "ca.pem"
    authority.write_bytes(Authority("somebody").certificate)
    text = f"""
    preference = "weighted"
    is_hedging = true
    most_corrections = 0
    most_tokens = 300
    [[provider]]
    name = "Groq.1"
    base_url = "http://127.0.0.1:8001/v1/"
    model = "org/model:7b"
    key_env = "GROQ_KEY"
    transport = "sdk"
    input_usd_per_million = 0.59
    output_usd_per_million = 1
    weight = 2
    timeout_s = 1.5
    most_in_flight = 8
    has_strict_schema = false
    has_logprobs = false
    ca_file = "{authority}"
    """
    found = read(folder, text, GROQ_KEY=f" {SECRET}\n")
    provider = Provider(
        "Groq.1",
        "http://127.0.0.1:8001/v1",
        "org/model:7b",
        key=SECRET,
        transport=WayTo.SDK,
        input_usd_per_million=Decimal("0.59"),
        output_usd_per_million=Decimal(1),
        weight=2.0,
        timeout_s=1.5,
        most_in_flight=8,
        has_strict_schema=False,
        has_logprobs=False,
        ca_file=authority,
    )
    assert found == Providers((provider,), Preference.WEIGHTED, True, 0, 300)


def test_a_key_is_read_from_a_file(folder: Path) -> None:
    (folder / "key").write_text(f"{SECRET}\n")
    found = read(folder, f'{LEAST}key_file = "{folder / "key"}"')
    assert found.providers[0].key == SECRET


@pytest.mark.parametrize("key", ["sk-1\nsk-2", "sk-\x00", "sk-ü"])
def test_what_no_header_can_carry_is_no_key(folder: Path, key: str) -> None:
    (found,) = faults(folder, f'{LEAST}key_env = "KEY"\n', KEY=key)
    assert found.startswith("provider 1: the key holds a line break")
    assert key not in found


def test_a_key_is_never_shown(folder: Path) -> None:
    found = read(folder, f'{LEAST}key_env = "K"', K=SECRET)
    assert SECRET not in repr(found)
    assert SECRET not in str(found.providers[0])


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("nmae = 1", "provider 1: nmae is unknown; known are base_url, ca_file, has_logprobs"),
        (f'api_key = "{SECRET}"', "provider 1: api_key is unknown"),
        (f'key = "{SECRET}"', "provider 1: key must not stand in this file; give key_env or"),
        (f'key_env = "{SECRET}"', "provider 1: key_env must name a variable, in capital letters"),
        ('key_env = "NO_KEY"', "provider 1: the variable NO_KEY (key_env) is not set; set it"),
        ("key_env = 5", "provider 1: key_env must be a text"),
        (f'key_file = "{SECRET}"', "provider 1: key_file must name a file that can be read"),
        ('key_file = "/dev/null"', "provider 1: the file of key_file is empty; write the key"),
        ('key_env = "K"\nkey_file = "k"', "provider 1: key_env and key_file are both given; keep"),
        (f'transport = "{SECRET}"', "provider 1: transport must be one of lean, sdk"),
        ("timeout_s = 0", "provider 1: timeout_s must be a number from 0.001 to 1000000000"),
        ("timeout_s = nan", "provider 1: timeout_s must be a number from"),
        ("timeout_s = inf", "provider 1: timeout_s must be a number from"),
        ("timeout_s = true", "provider 1: timeout_s must be a number from"),
        ('timeout_s = "9"', "provider 1: timeout_s must be a number from"),
        ("most_in_flight = 0", "provider 1: most_in_flight must be a whole number from 1 to"),
        ("most_in_flight = 1.5", "provider 1: most_in_flight must be a whole number from 1 to"),
        ("input_usd_per_million = -1", "provider 1: input_usd_per_million must be a number from 0"),
        ("has_logprobs = 1", "provider 1: has_logprobs must be true or false"),
        ('ca_file = "/nowhere"', "provider 1: ca_file must be the path of a file that can be read"),
        ('ca_file = "/etc/hosts"', "provider 1: ca_file must be the path of a file that can be"),
        ('ca_file = "/"', "provider 1: ca_file must be the path of a file that can be read"),
        ("ca_file = 1", "provider 1: ca_file must be a text"),
    ],
)
def test_a_fault_says_where_it_is_and_what_is_wanted(folder: Path, line: str, fault: str) -> None:
    (found,) = faults(folder, LEAST + line)
    assert found.startswith(fault)


@pytest.mark.parametrize("name", ["", "x" * 41, "a/b", "a b", "-a", "ä", "a\\n"])
def test_a_name_must_be_fit_for_labels(folder: Path, name: str) -> None:
    (found,) = faults(folder, LEAST.replace('"a"', f'"{name}"'))
    assert found.startswith("provider 1: name")


@pytest.mark.parametrize(
    "url",
    [
        "api.example/v1",
        "ftp://a/v1",
        "https://",
        "https://u:p@a/v1",
        "https://a/v1?k=1",
        "http://[",
        "https://a:99999/v1",
        "https://a:0/v1",
        "https://a:port/v1",
        "https://a\\u0000/v1",
    ],
)
def test_a_base_url_must_be_a_plain_one(folder: Path, url: str) -> None:
    (found,) = faults(folder, LEAST.replace("https://api.example/v1", url))
    assert found.startswith("provider 1: base_url must be http:// or https://, a host and a path")


@pytest.mark.parametrize("character", ["\\u0000", "\\n", "\\u007f"])
def test_a_model_has_no_control_characters(folder: Path, character: str) -> None:
    (found,) = faults(folder, LEAST.replace('"m"', f'"m{character}"'))
    assert found == "provider 1: model must have no line break or other control character"


@pytest.mark.parametrize("field", ["name", "base_url", "model"])
def test_what_is_required_is_asked_for(folder: Path, field: str) -> None:
    text = "\n".join(line for line in LEAST.splitlines() if not line.startswith(field))
    assert faults(folder, text) == [f"provider 1: {field} is missing"]


@pytest.mark.parametrize("text", ["", "provider = 3", "provider = [1]", '[provider]\nname = "a"'])
def test_a_file_without_providers_is_refused(folder: Path, text: str) -> None:
    assert faults(folder, text) == ["there is no [[provider]]; add one for each model"]


def test_a_file_that_is_no_toml_or_not_there_is_refused(folder: Path) -> None:
    assert "cannot be read" in faults(folder, "[[provider")[0]
    with pytest.raises(InvalidProviders, match="cannot be read"):
        read_providers(folder / "none.toml", {})


def test_all_faults_are_told_at_once(folder: Path) -> None:
    found = faults(folder, f'preference = "best"\nunknown = 1\n{LEAST}{LEAST}weight = 0\n')
    assert [fault.partition(" must")[0].partition(";")[0] for fault in found] == [
        "the file: preference",
        "the file: unknown is unknown",
        "provider 2: weight",
        "2 providers have one name",
    ]
