"""Two tenants ask the same of one server and its caches: neither sees anything of the other's."""

import io
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf import descriptor_pool

from interceptors.policy import read_policies
from server.app import application
from server.composition.ground import SERVICES
from server.logs import JsonLog
from server.settings import OFF, Address, Settings
from tests.conftest import make_database
from tests.integration.callers import (
    ACCESS,
    LIMITS,
    TRIAGE,
    Caller,
    cache_result,
    make_caller,
    until_cached,
)
from tools.redis_process import RedisProcess

OWNER, OTHER = "alpha", "beta"  # tenants; all that is the owner's has its name in it
TICKET = {"id": "1", "body": "The chain of my chainsaw is blunt"}


EXAMPLES = [
    "My hedge trimmer does not start",
    "The lawn mower blade is blunt",
    "Which chain fits the chainsaw I bought?",
    "The garden hose leaks at the tap",
    "leaf blower makes a terrible noise",
]


@dataclass(frozen=True)
class Site:
    """A server with two tenants, and what is the owner's alone."""

    operator: Caller
    owner: Caller
    other: Caller
    run: str  # of the owner's
    page: str  # token of the second page of the owner's runs


@pytest_asyncio.fixture(scope="module")
async def operator(
    session_folder: Path, postgres_url: str, session_redis: RedisProcess
) -> AsyncIterator[Caller]:
    """The operator of a server that keeps answers in memory and in Redis."""
    settings = Settings(
        listen=Address("127.0.0.1", 0),
        metrics_listen=OFF,
        data_folder=session_folder / "tenants",
        database_url=await make_database(postgres_url),
        redis_url=session_redis.url,
    )
    log = JsonLog(io.BytesIO())
    async with (
        application(settings, log) as running,
        grpc.aio.insecure_channel(str(running.address)) as channel,
    ):
        yield await make_caller(Caller(channel), "ROLE_ADMIN")
    await log.close()


@pytest_asyncio.fixture(scope="module")
async def site(operator: Caller) -> Site:
    """Two tenants, each with a taxonomy of its own; the owner has runs."""
    owner, other = [await add_tenant(operator, tenant) for tenant in (OWNER, OTHER)]
    runs = []
    for number in range(2):
        ticket = {"id": f"{OWNER}-{number}", "body": f"Ticket of {OWNER}"}
        answer = await owner.call(f"{TRIAGE}/Triage", ticket=ticket)
        runs.append(answer.result.run)
    page = await owner.call(f"{TRIAGE}/ListTriageRuns", page_size=1)
    return Site(operator, owner, other, runs[0], page.next_page_token)


async def add_tenant(operator: Caller, tenant: str) -> Caller:
    """A tenant's administrator. One of its categories has the tenant's name."""
    await operator.call(f"{ACCESS}/CreateTenant", tenant_id=tenant)
    admin = await make_caller(operator, "ROLE_ADMIN", tenant)
    wide = {"per_day": 1_000_000}
    await operator.call(f"{LIMITS}/SetCustomLimit", caller=admin.name, limits=wide)
    taxonomy = (await admin.call(f"{TRIAGE}/GetTaxonomy")).taxonomy
    taxonomy.categories.add(name=f"{tenant}_tools", title=tenant, examples=EXAMPLES)
    await admin.call(f"{TRIAGE}/UpdateTaxonomy", taxonomy=taxonomy)
    await until_cached(admin)
    return admin


def methods() -> dict[str, Any]:
    """Every method of the server, and its policy."""
    return dict(read_policies(descriptor_pool.Default(), SERVICES))


def cached_methods() -> list[str]:
    return [name for name, policy in methods().items() if policy.HasField("cache")]


def reading_methods() -> list[str]:
    return [name for name in methods() if name.partition("/")[2].startswith(("Get", "List"))]


def question_to_keep(method: str) -> dict[str, Any]:
    """What nobody has asked yet of a method whose answers are kept."""
    # A method that the contract lets be kept must be added here.
    questions = {f"{TRIAGE}/Triage": {"ticket": TICKET | {"id": uuid.uuid4().hex}}}
    return questions[method]


@pytest.mark.parametrize("method", cached_methods())
async def test_calls_at_once_are_answered_to_each_tenant_apart(site: Site, method: str) -> None:
    asked = question_to_keep(method)
    calls = [caller.call(method, **asked) for caller in (site.owner, site.other)]
    answers = [(await call).SerializeToString() for call in calls]
    assert [await cache_result(call) for call in calls] == ["miss", "miss"]
    assert [OWNER.encode() in answer for answer in answers] == [True, False]


@pytest.mark.parametrize("method", cached_methods())
async def test_a_kept_answer_is_given_to_its_tenant_alone(site: Site, method: str) -> None:
    asked = question_to_keep(method)
    for caller in (site.owner, site.other):
        await caller.call(method, **asked)
    calls = [caller.call(method, **asked) for caller in (site.owner, site.other)]
    answers = [(await call).SerializeToString() for call in calls]
    assert [await cache_result(call) for call in calls] == ["hit", "hit"]
    assert [OWNER.encode() in answer for answer in answers] == [True, False]


def question(site: Site, method: str) -> dict[str, Any]:
    """What the owner asks of a reading method to see what is its own."""
    questions = {
        f"{TRIAGE}/GetTriageRun": {"name": site.run},
        f"{LIMITS}/GetStatus": {"caller": site.owner.name},
        f"{LIMITS}/GetUsage": {"tenant": OWNER},
        f"{ACCESS}/ListApiKeys": {"tenant": OWNER},
        f"{ACCESS}/ListAuditEvents": {"tenant": OWNER},
    }
    return questions.get(method, {})


async def answer_or_refusal(call: Any) -> bytes:
    """All that the caller gets to see."""
    try:
        return bytes((await call).SerializeToString())
    except grpc.aio.AioRpcError as error:
        return f"{error.code().name} {error.details()} {error.trailing_metadata()}".encode()


@pytest.mark.parametrize("method", reading_methods())
async def test_what_one_tenant_reads_the_other_cannot(site: Site, method: str) -> None:
    asked = question(site, method)
    for caller in (site.owner, site.other):
        await answer_or_refusal(caller.call(method, **asked))
    assert OWNER.encode() not in await answer_or_refusal(site.other.call(method, **asked))


OF_A_TENANT = (
    *(f"{TRIAGE}/GetTriageRun", f"{TRIAGE}/ListTriageRuns", f"{TRIAGE}/GetTaxonomy"),
    *(f"{ACCESS}/ListApiKeys", f"{ACCESS}/ListAuditEvents"),
    *(f"{LIMITS}/GetStatus", f"{LIMITS}/GetUsage"),
)


@pytest.mark.parametrize("method", OF_A_TENANT)
async def test_a_tenant_reads_its_own(site: Site, method: str) -> None:
    asked = question(site, method)
    assert OWNER.encode() in await answer_or_refusal(site.owner.call(method, **asked))


async def test_a_run_of_another_tenant_is_not_found(site: Site) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await site.other.call(f"{TRIAGE}/GetTriageRun", name=site.run)
    assert raised.value.code() == grpc.StatusCode.NOT_FOUND


async def test_a_page_token_of_another_tenant_is_refused(site: Site) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await site.other.call(f"{TRIAGE}/ListTriageRuns", page_size=1, page_token=site.page)
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT


async def test_the_same_request_id_in_two_tenants_makes_two_runs(site: Site) -> None:
    asked = {"ticket": TICKET, "request_id": str(uuid.uuid4())}
    answers = [await c.call(f"{TRIAGE}/Triage", **asked) for c in (site.owner, site.other)]
    assert answers[0].result.run != answers[1].result.run


async def test_an_update_in_one_tenant_leaves_the_answers_of_another(site: Site) -> None:
    asked = question_to_keep(f"{TRIAGE}/Triage")
    kept = (await site.other.call(f"{TRIAGE}/Triage", **asked)).result.run
    taxonomy = (await site.operator.call(f"{TRIAGE}/GetTaxonomy")).taxonomy
    await site.operator.call(f"{TRIAGE}/UpdateTaxonomy", taxonomy=taxonomy)
    assert (await site.other.call(f"{TRIAGE}/Triage", **asked)).result.run == kept


async def test_a_limit_that_one_tenant_has_spent_leaves_the_other_its_own(site: Site) -> None:
    callers = [await make_caller(site.operator, "ROLE_READER", t) for t in (OWNER, OTHER)]
    for caller in callers:
        limits = {"per_day": 1}
        await site.operator.call(f"{LIMITS}/SetCustomLimit", caller=caller.name, limits=limits)
    calls = [c.call(f"{TRIAGE}/GetTaxonomy") for c in (callers[0], callers[0], callers[1])]
    codes = [await call.code() for call in calls]
    assert sorted(code.name for code in codes[:2]) == ["OK", "RESOURCE_EXHAUSTED"]
    assert codes[2] == grpc.StatusCode.OK
