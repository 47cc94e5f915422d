"""`switchyard admin` against a real server: every command, and every example of its help."""

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import click
import pytest
from click.testing import CliRunner, Result
from google.protobuf import descriptor_pool
from switchyard_client.__main__ import cli
from switchyard_client.commands.admin import admin

from interceptors.policy import read_policies
from server.composition.ground import SERVICES
from tools.server_process import ServerProcess

Run = Callable[..., Result]

METHOD = "switchyard.triage.v1.TriageService/Triage"
ADMINISTRATION = Path("clients/README.md").read_text().partition("**Administration**")[2]
UNKNOWN = "apiKeys/0000000000000000"
PROVIDERS = """
[[provider]]
name = "openai"
base_url = "http://127.0.0.1:9/v1"
model = "small"
input_usd_per_million = 0.15
"""


def commands_of(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    """The names of every command of a group, its subgroups' included."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands_of(command, *path, name)
        else:
            yield (*path, name)


@pytest.fixture(scope="module")
def server(session_folder: Path) -> Iterator[ServerProcess]:
    """A server of the operator's own, with a provider of language models that nobody asks."""
    providers = session_folder / "openai.toml"
    providers.write_text(PROVIDERS)
    process = ServerProcess(
        session_folder / "administered", SWITCHYARD_LLM_PROVIDERS=str(providers)
    ).start()
    yield process
    assert process.stop() == 0


@pytest.fixture(scope="module")
def secret(server: ServerProcess) -> str:
    """The secret of the server's first administrator."""
    made = invoke(server, "", "admin", "keys", "create", "--role", "admin")
    return made.stdout.strip()


def invoke(server: ServerProcess, secret: str, *arguments: str, typed: str = "") -> Result:
    environment = {"SWITCHYARD_SERVER": server.address, "NO_COLOR": "1"}
    if secret:
        environment["SWITCHYARD_API_KEY"] = secret
    return CliRunner().invoke(cli, arguments, env=environment, input=typed)


@pytest.fixture
def run(server: ServerProcess, secret: str) -> Run:
    """Runs `switchyard` as the administrator."""
    return lambda *arguments, typed="": invoke(server, secret, *arguments, typed=typed)


@pytest.fixture
def names(server: ServerProcess, run: Run) -> dict[str, str]:
    """A key of the operator's that has made a call, a tenant, and one that is suspended."""
    secret = run("admin", "keys", "create", "--role", "agent", "--tier", "free").stdout.strip()
    invoke(server, secret, "runs", "list")
    tenant, suspended = (f"t-{uuid4().hex[:8]}" for _ in range(2))
    for one in (tenant, suspended):
        run("admin", "tenants", "create", one)
    run("admin", "tenants", "suspend", suspended, "--yes")
    digits = secret.split("_")[1]
    return {"key": f"apiKeys/{digits}", "tenant": tenant, "suspended": suspended}


# What is typed after `switchyard admin`, and words of the answer.
COMMANDS = [
    ("keys create --role agent --tier pro --permission audit.read", "sy_"),
    ("keys list", "last used"),
    ("keys rotate {key} --overlap 1h", "sy_"),
    ("keys revoke {key} --yes", "{key} was revoked 20"),
    ("token --ttl 5m --role reader", "eyJ"),
    ("tenants create {tenant}-2", "tenants/{tenant}-2 was made"),
    ("tenants list", "default"),
    ("tenants suspend {tenant} --yes", "tenants/{tenant} is suspended"),
    ("tenants resume {suspended}", "tenants/{suspended} is active"),
    ("tenants delete {suspended} --yes", "tenants/{suspended} is deleted"),
    ("audit --tenant {suspended} --action tenant.suspend", "tenants/{suspended}"),
    ("limits tiers", "enterprise"),
    ("limits set-tier {key} basic", "{key} has tier basic"),
    ("limits set --caller default/{key} --per-minute 9", "the limits are in force"),
    ("limits list --tenant {tenant}", "no custom limits"),
    ("limits status default/{key}", "1,000"),
    ("limits unset --caller default/{key}", "the limits of the tier are in force"),
    ("limits reset default/{key}", "default/{key} has all its units back"),
    ("limits usage", "default/{key}"),
    ("limits top --limit 1000", "default/{key}"),
    ("cache stats", METHOD),
    ("cache clear --tenant {tenant}", "dropped; 0 responses"),
    (f"cache config {METHOD} --off --ttl 5m --stale-ttl 1m", "5 min"),
    ("cache config", "then stale for"),
    ("cache test", "memory"),
    ("breakers list", METHOD),
    (f"breakers update {METHOD} --open 1m", "1 min"),
    (f"breakers mode {METHOD} metrics-only", "metrics only"),
    (f"breakers reset {METHOD}", "closed"),
    ("cache semantic show --tenant {tenant}", "no embedder is configured"),
    ("cache semantic set --fixed-similarity 0.9", "0.90, fixed: unguaranteed"),
    ("providers list", "$0.150000"),
    ("providers drill openai --yes", "openai fails every call"),
    ("letters list", "no dead letters"),
    ("letters stats", "no dead letters"),
    ("letters replay", "no letter waits"),
    ("letters purge --state replayed --yes", "0 letters were purged"),
    ("budget show --tenant {tenant}", "no limit"),
    ("budget set {tenant} --daily-usd 2.50 --over-budget refuse", "$2.500000"),
    ("budget spending --all", "nothing was spent"),
    ("performance --kind query", "key.find"),
    ("performance --kind part", "database"),
]


@pytest.mark.parametrize(("typed", "words"), COMMANDS, ids=[typed for typed, _ in COMMANDS])
def test_a_command_ends_with_0_and_a_readable_answer(
    run: Run, names: dict[str, str], typed: str, words: str
) -> None:
    result = run("admin", *typed.format(**names).split())
    assert (result.exit_code, result.exception) == (0, None), result.stderr
    assert words.format(**names) in result.stdout


def test_no_command_is_left_out() -> None:
    typed = [words.split() for words, _ in COMMANDS]
    for path in commands_of(admin):
        assert any(words[: len(path)] == list(path) for words in typed), path


MISTAKES = [
    ("breakers reset p.S/M", 1, "No circuit breaker of this name guards anything"),
    ("breakers update p.S/M --open 1m", 1, "No circuit breaker of this name"),
    ("breakers mode p.S/M disabled", 1, "No circuit breaker of this name"),
    (f"breakers update {METHOD} --minimum-calls 9000", 2, "must be at most window_calls"),
    ("cache clear --method p.S/M", 2, "method: has no cache"),
    ("cache config p.S/M", 2, "has no cache"),
    ("cache config p.S/M --on", 2, "config.method: has no cache"),
    (f"cache config {METHOD} --ttl 2h", 2, "config.ttl: must be"),
    ("cache semantic set --fixed-similarity 0.955", 2, "must be a hundredth from 0.6 to 0.99"),
    ("providers drill nobody --yes", 1, "No provider of language models has this name"),
    ("letters list --function Triage!", 2, "filter.function: "),
    ("letters purge 12 --yes", 2, "filter.names[0]: "),
    ("budget show --tenant nobody", 1, "There is no tenants/nobody"),
    ("budget set nobody --daily-usd 5", 1, "There is no tenants/nobody"),
    (f"limits set-tier {UNKNOWN} pro", 1, f"There is no {UNKNOWN}"),
    ("limits set-tier {key} gold", 2, "tier: must be one of free, basic"),
    ("limits set --caller {key} --per-day 5", 2, "caller: "),
    ("limits set --method p.S/M --per-day 5", 2, "method: must be a method of this server"),
    ("limits set --method p.S/M --per-day 0", 2, "limits: must limit at least one window"),
    (f"keys revoke {UNKNOWN} --yes", 1, f"There is no {UNKNOWN}"),
    ("keys create --role agent --tenant nobody", 1, "There is no tenants/nobody"),
    ("keys create --role agent --permission cache.clear", 2, "permissions[0]: is no permission"),
    ("tenants create default", 1, "There is or was a tenants/default"),
    ("tenants create address", 2, "tenant_id: "),
    ("tenants suspend default --yes", 1, "can neither be suspended nor deleted"),
    ("tenants delete nobody --yes", 1, "There is no tenants/nobody"),
]


@pytest.mark.parametrize(("typed", "status", "words"), MISTAKES, ids=[m[0] for m in MISTAKES])
def test_a_mistake_ends_with_1_or_2_and_says_in_one_line_what_is_wrong(
    run: Run, names: dict[str, str], typed: str, status: int, words: str
) -> None:
    result = run("admin", *typed.format(**names).split())
    assert result.exit_code == status
    assert re.fullmatch(f"switchyard: .*{re.escape(words)}.*\n", result.stderr)
    assert result.stdout == ""


def examples_of(text: str) -> list[list[str]]:
    """The commands that a help or a README shows, without what shells do with their answers."""
    text = re.sub(r"\\\n +", "", text)
    # Up to a pipe, a redirection, the end of a subshell, or a remark behind spaces.
    found = re.findall(r"(?:^ +|; |\$\()switchyard ((?:\S| \S)+?)(?=$| [|>]|\)|  )", text, re.M)
    return [shlex.split(example) for example in found]


HELPS = {
    " ".join(path): examples_of(CliRunner().invoke(cli, [*path, "--help"]).stdout)
    for path in [("admin",), *(("admin", *path) for path in commands_of(admin))]
}
SHOWN = {name: examples for name, examples in HELPS.items() if examples}
SHOWN["README"] = examples_of(ADMINISTRATION)


def test_the_readme_names_every_permission() -> None:
    stated = set(re.findall(r"`([a-z]+[.][a-z]+)`", ADMINISTRATION))
    policies = read_policies(descriptor_pool.Default(), SERVICES)
    assert {policy.permission for policy in policies.values()} <= stated


@pytest.mark.parametrize("place", SHOWN)
def test_the_server_does_what_every_example_says(
    run: Run,
    names: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    secret: str,
    place: str,
) -> None:
    for file in ("my.key", "checkout.key"):
        (tmp_path / file).write_text(secret)
    monkeypatch.chdir(tmp_path)
    makes_it = any(example[1:3] == ["tenants", "create"] for example in SHOWN[place])
    tenant = f"{names['tenant']}-new" if makes_it else names["tenant"]
    for example in SHOWN[place]:
        made = run("admin", "keys", "create", "--role", "agent")
        digits = made.stdout.split("_")[1]
        words = [w.replace("0123456789abcdef", digits).replace("acme", tenant) for w in example]
        result = run(*words, typed=f"{tenant if 'delete' in words else 'y'}\n")
        assert result.exit_code == 0, (words, result.stderr)
