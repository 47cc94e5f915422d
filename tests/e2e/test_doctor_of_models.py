"""What `switchyard-server doctor` says of providers and embeddings."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.fake_llm_process import FakeLlm

KEY = "sk-of-the-doctor"
NOWHERE = "http://127.0.0.1:1/v1"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[FakeLlm]:
    """An endpoint that wants a key."""
    process = FakeLlm("--key", KEY).start()
    yield process
    process.stop()


@pytest.fixture
def data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a server, and a key in the environment."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("SWITCHYARD_EMBEDDING_MODEL", raising=False)  # tests may run with one
    return folder / "data"


def examined(data: Path) -> tuple[int, str]:
    """The exit status and what is printed."""
    nowhere = ["--listen", "127.0.0.1:0", "--metrics-listen", "off", "--data", str(data)]
    command = [sys.executable, "-m", "server", "doctor", *nowhere]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout


def test_every_fault_of_the_providers_file_is_named(
    data: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "providers.toml"
    path.write_text('[[provider]]\nname = "a"\nmodle = "m"\nbase_url = "ftp://a"\n')
    monkeypatch.setenv("SWITCHYARD_LLM_PROVIDERS", str(path))
    status, said = examined(data)
    assert status == 1
    assert said.count("FAULT  providers") > 1
    assert "modle is unknown" in said


def test_endpoints_that_answer_are_well(
    data: Path, endpoint: FakeLlm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWITCHYARD_LLM_URL", endpoint.url)
    monkeypatch.setenv("SWITCHYARD_LLM_MODEL", "m")
    monkeypatch.setenv("SWITCHYARD_EMBEDDING_URL", f"{endpoint.url}#small,384")
    status, said = examined(data)
    assert status == 0
    assert "ok     providers    llm answers" in said
    assert "ok     embeddings   the endpoint answers" in said


def test_a_model_without_a_price_is_noted(
    data: Path, endpoint: FakeLlm, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "providers.toml"
    usual = f'[[provider]]\nbase_url = "{endpoint.url}"\nmodel = "m"\n'
    path.write_text(f'{usual}name = "free"\n{usual}name = "paid"\noutput_usd_per_million = 1\n')
    monkeypatch.setenv("SWITCHYARD_LLM_PROVIDERS", str(path))
    status, said = examined(data)
    assert status == 0
    assert "note   prices       free has no price: what it costs, budgets do not see" in said
    assert "paid has no price" not in said


def test_endpoints_that_do_not_answer_are_noted(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWITCHYARD_LLM_URL", NOWHERE)
    monkeypatch.setenv("SWITCHYARD_LLM_MODEL", "m")
    monkeypatch.setenv("SWITCHYARD_EMBEDDING_URL", f"{NOWHERE}#small,384")
    status, said = examined(data)
    assert status == 0
    assert "note   providers    llm does not answer" in said
    assert "note   embeddings   the endpoint does not answer" in said


def test_a_refused_key_is_noted_and_not_shown(
    data: Path, endpoint: FakeLlm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another")
    monkeypatch.setenv("SWITCHYARD_LLM_URL", endpoint.url)
    monkeypatch.setenv("SWITCHYARD_LLM_MODEL", "m")
    status, said = examined(data)
    assert status == 0
    assert "refuses the key (status 401)" in said
    assert "sk-of" not in said


def test_a_folder_without_an_embedding_model_is_a_fault(
    data: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWITCHYARD_EMBEDDING_MODEL", str(folder))
    status, said = examined(data)
    assert status == 1
    assert "FAULT  embeddings" in said
