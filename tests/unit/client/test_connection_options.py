"""Which server and which key a command takes, from options, environment and files."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from switchyard_client.__main__ import cli
from switchyard_client.commands.endpoint import Endpoint

from tests.unit.client.certificates import Authority
from tests.unit.client.fake_service import FakeServer, FakeTriage

Call = Callable[..., Result]
LIST = ("runs", "list")


@pytest.fixture
def call(fake: FakeServer) -> Call:
    """Runs a command against the fake server; named values are the environment."""

    def call_command(*arguments: str, **environment: str) -> Result:
        return CliRunner().invoke(
            cli, arguments, env={"SWITCHYARD_SERVER": fake.address, "NO_COLOR": "1"} | environment
        )

    return call_command


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    """A file with a key, as `admin keys create` leaves it."""
    (tmp_path / "own.key").write_text("sy_of_file\n")
    return str(tmp_path / "own.key")


def key_seen(service: FakeTriage) -> str | bytes | None:
    """What the server got as credentials."""
    return service.metadata.get("authorization")


def test_the_environment_holds_the_key(call: Call, service: FakeTriage) -> None:
    call(*LIST, SWITCHYARD_API_KEY="sy_a")
    assert key_seen(service) == "Bearer sy_a"


def test_a_file_holds_the_key(call: Call, service: FakeTriage, key_file: str) -> None:
    call(*LIST, "--key-file", key_file)
    assert key_seen(service) == "Bearer sy_of_file"


def test_a_file_named_by_the_environment_holds_the_key(
    call: Call, service: FakeTriage, key_file: str
) -> None:
    call(*LIST, SWITCHYARD_API_KEY_FILE=key_file)
    assert key_seen(service) == "Bearer sy_of_file"


def test_a_key_file_counts_before_the_environment(
    call: Call, service: FakeTriage, key_file: str
) -> None:
    call("--key-file", key_file, *LIST, SWITCHYARD_API_KEY="sy_a")
    assert key_seen(service) == "Bearer sy_of_file"


def test_a_key_counts_before_a_file_named_by_the_environment(
    call: Call, service: FakeTriage
) -> None:
    call(*LIST, "--key", "sy_b", SWITCHYARD_API_KEY_FILE="/no/such/file")
    assert key_seen(service) == "Bearer sy_b"


def test_the_key_nearest_to_the_command_counts(
    call: Call, service: FakeTriage, key_file: str
) -> None:
    call("--key", "sy_far", "runs", "--key-file", key_file, "list")
    assert key_seen(service) == "Bearer sy_of_file"


def test_without_a_key_none_is_sent(call: Call, service: FakeTriage) -> None:
    assert call(*LIST).exit_code == 0
    assert key_seen(service) is None


@pytest.mark.parametrize("arguments", [("taxonomy", "show"), ("triage", "--text", "x")])
def test_every_command_sends_the_key(
    call: Call, service: FakeTriage, arguments: tuple[str, ...]
) -> None:
    call(*arguments, SWITCHYARD_API_KEY="sy_a")
    assert key_seen(service) == "Bearer sy_a"


def test_a_batch_sends_the_key(call: Call, service: FakeTriage, tmp_path: Path) -> None:
    (tmp_path / "tickets.csv").write_text("body\nhello\n")
    call("triage", str(tmp_path / "tickets.csv"), SWITCHYARD_API_KEY="sy_a")
    assert key_seen(service) == "Bearer sy_a"


@pytest.mark.parametrize(
    ("content", "message"),
    [("\n", "is empty"), ("two words", "holds no API key"), ("schlüssel", "holds no API key")],
)
def test_a_file_without_a_key_is_said(
    call: Call, tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "own.key").write_text(content)
    result = call(*LIST, "--key-file", str(tmp_path / "own.key"))
    assert (result.exit_code, message in result.stderr) == (2, True)


def test_a_file_that_is_not_there_is_said(call: Call) -> None:
    result = call(*LIST, "--key-file", "/no/such/file")
    assert result.exit_code == 2
    assert "cannot read /no/such/file: No such file" in result.stderr


def test_help_needs_no_key_file(call: Call) -> None:
    assert call("runs", "list", "--help", SWITCHYARD_API_KEY_FILE="/no/such/file").exit_code == 0


def test_a_key_is_not_sent_unencrypted_to_another_machine(call: Call) -> None:
    result = call(*LIST, "--server", "triage.example.com:443", SWITCHYARD_API_KEY="sy_a")
    assert result.exit_code == 2
    assert "unencrypted" in result.stderr
    assert "--tls" in result.stderr
    assert "--insecure" in result.stderr


def test_a_file_of_answers_is_not_begun_when_the_key_is_refused(call: Call, tmp_path: Path) -> None:
    (tmp_path / "tickets.csv").write_text("body\nhello\n")
    command = ("triage", str(tmp_path / "tickets.csv"), "--out", str(tmp_path / "out.jsonl"))
    call(*command, "--server", "triage.example.com:443", SWITCHYARD_API_KEY="sy_a")
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize("typed", [("--key", "sy_secret"), ("--key=sy_secret",)])
def test_the_way_on_after_a_failure_does_not_repeat_the_key(
    call: Call,
    service: FakeTriage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    typed: tuple[str, ...],
) -> None:
    service.break_after = 0
    (tmp_path / "tickets.csv").write_text("body\nhello\n")
    out = ("--out", str(tmp_path / "out.jsonl"))
    arguments = (*typed, "triage", str(tmp_path / "tickets.csv"), *out)
    monkeypatch.setattr("sys.argv", ["switchyard", *arguments])
    result = call(*arguments)
    assert "KEY triage" in result.stderr
    assert "sy_secret" not in result.output


def test_a_port_that_there_is_not_is_said(call: Call, tmp_path: Path) -> None:
    tickets, out = tmp_path / "tickets.csv", tmp_path / "out.jsonl"
    tickets.write_text("body\ntext\n")
    result = call("triage", str(tickets), "--out", str(out), "--server", "127.0.0.1:99999")
    problem = "switchyard: --server: 127.0.0.1:99999 has no port from 1 to 65535\n"
    assert (result.exit_code, result.stderr) == (2, problem)
    assert not out.exists()


def test_insecure_sends_the_key_all_the_same(call: Call) -> None:
    result = call(*LIST, "--server", "no-host.invalid:1", "--insecure", SWITCHYARD_API_KEY="sy_a")
    assert "no server at no-host.invalid:1" in result.stderr


def test_a_key_does_not_stand_in_what_is_printed_of_an_endpoint() -> None:
    assert "sy_secret" not in repr(Endpoint("127.0.0.1:1", "sy_secret"))


@pytest.fixture
def pem(authority: Authority, tmp_path: Path) -> Path:
    """A folder with ca.pem, and own.pem with its own-key.pem."""
    own = authority.issue("caller")
    (tmp_path / "ca.pem").write_bytes(authority.certificate)
    (tmp_path / "own.pem").write_bytes(own.certificate)
    (tmp_path / "own-key.pem").write_bytes(own.key)
    return tmp_path


def test_certificates_come_from_options(call: Call, strict: FakeServer, pem: Path) -> None:
    own = ("--tls-cert", str(pem / "own.pem"), "--tls-key", str(pem / "own-key.pem"))
    result = call(*LIST, "--server", strict.address, "--tls-ca", str(pem / "ca.pem"), *own)
    assert result.exit_code == 0


def test_certificates_come_from_the_environment(call: Call, strict: FakeServer, pem: Path) -> None:
    result = call(
        *LIST,
        SWITCHYARD_SERVER=strict.address,
        SWITCHYARD_TLS_CA=str(pem / "ca.pem"),
        SWITCHYARD_TLS_CERT=str(pem / "own.pem"),
        SWITCHYARD_TLS_KEY=str(pem / "own-key.pem"),
    )
    assert result.exit_code == 0


def test_no_tls_counts_before_the_environment(call: Call) -> None:
    assert call(*LIST, "--no-tls", SWITCHYARD_TLS="1").exit_code == 0


def test_a_certificate_without_its_key_is_refused(call: Call, pem: Path) -> None:
    result = call(*LIST, "--tls-cert", str(pem / "own.pem"))
    assert result.exit_code == 2
    assert "--tls-cert and --tls-key go together" in result.stderr


def test_a_file_that_is_no_certificate_is_named(call: Call, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("hello")
    result = call(*LIST, "--tls-ca", str(tmp_path / "ca.pem"))
    assert (result.exit_code, "is no PEM file" in result.stderr) == (2, True)


def test_a_server_without_tls_is_said(call: Call) -> None:
    assert "does not speak TLS" in call(*LIST, "--tls").stderr


def test_an_authority_that_is_not_trusted_is_said(call: Call, strict: FakeServer) -> None:
    assert "--tls-ca FILE" in call(*LIST, "--server", strict.address, "--tls").stderr


def test_a_server_that_wants_tls_is_said(call: Call, strict: FakeServer) -> None:
    assert "it may want TLS" in call(*LIST, "--server", strict.address).stderr


def test_a_name_that_the_certificate_does_not_hold_is_said(
    call: Call, strict: FakeServer, pem: Path
) -> None:
    address = strict.address.replace("127.0.0.1", "localhost")
    result = call(*LIST, "--server", address, "--tls-ca", str(pem / "ca.pem"))
    assert "made out to another name" in result.stderr


def test_files_that_do_not_belong_together_are_said(
    call: Call, strict: FakeServer, pem: Path
) -> None:
    other = Authority("another").issue("caller")
    (pem / "own-key.pem").write_bytes(other.key)
    own = ("--tls-cert", str(pem / "own.pem"), "--tls-key", str(pem / "own-key.pem"))
    result = call(*LIST, "--server", strict.address, "--tls-ca", str(pem / "ca.pem"), *own)
    assert "do not belong together" in result.stderr
