"""One correction, four effects: on real PostgreSQL and Redis, with two servers."""

import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest_asyncio

from server.settings import OFF, Address, Settings
from tests.conftest import make_database
from tests.integration.admin.servers import at, new_caller, serving
from tests.integration.callers import (
    EXPERIMENTS,
    FEEDBACK,
    TRIAGE,
    Caller,
    cache_result,
    until,
)
from tools.fake_llm_process import FakeLlm
from tools.redis_process import RedisProcess

BODY = "The invoice for May shows two charges, and one of them should not be there."
PROVIDERS = """
[[provider]]
name = "openai"
base_url = "{url}"
model = "small"
"""
OVERTURNED = {
    "name": "overturned",
    "kind": "METRIC_KIND_BINARY",
    "role": "METRIC_ROLE_PRIMARY",
    "direction": "DIRECTION_MINIMIZE",
    "source": "OUTCOME_SOURCE_FEEDBACK_OVERTURNED",
}
DESIGN = {
    "layer": "triage",
    "variants": [
        {"name": "a", "weight": 0.5},
        {"name": "b", "weight": 0.5, "parameters": {"prompt": {"text": "triage-2"}}},
    ],
    "metrics": [OVERTURNED],
}


@pytest_asyncio.fixture(scope="module")
async def servers(
    session_folder: Path, postgres_url: str, session_redis: RedisProcess
) -> AsyncIterator[tuple[Caller, Caller]]:
    """The operator at each of two servers that share a database, a Redis and a model."""
    llm = FakeLlm().start()
    providers = session_folder / "one-correction.toml"
    providers.write_text(PROVIDERS.format(url=llm.url))
    settings = Settings(
        listen=Address("127.0.0.1", 0),
        metrics_listen=OFF,
        data_folder=session_folder / "one-correction",
        database_url=await make_database(postgres_url),
        redis_url=session_redis.url,
        llm_providers=providers,
        embedding_url=f"{llm.url}#small,384",
    )
    async with AsyncExitStack() as stack:
        stack.callback(llm.stop)
        one, two = [await stack.enter_async_context(serving(settings)) for _ in range(2)]
        operator = await new_caller(Caller(one), "ROLE_ADMIN")
        yield operator, at(operator, two)


async def triage(caller: Caller, ticket: dict[str, str]) -> tuple[str, Any]:
    """What the cache did for a ticket, and its result."""
    call = caller.call(f"{TRIAGE}/Triage", ticket=ticket)
    result = (await call).result
    return await cache_result(call), result


async def keep(caller: Caller, ticket: dict[str, str]) -> Any:
    """The result of a ticket, once the server has it in its cache."""
    results: list[Any] = []

    async def is_kept() -> bool:
        did, result = await triage(caller, ticket)
        results.append(result)
        return did == "hit"

    await until(is_kept)
    return results[-1]


async def begin_experiment(operator: Caller) -> str:
    """An experiment of triage that runs."""
    fields = {"experiment_id": "prompts", "experiment": DESIGN}
    await operator.call(f"{EXPERIMENTS}/CreateExperiment", **fields)
    await operator.call(f"{EXPERIMENTS}/StartExperiment", name="experiments/prompts")
    return "experiments/prompts"


async def test_one_correction_has_four_effects(servers: tuple[Caller, Caller]) -> None:
    one, two = servers
    budget = {"field": "BUDGET_FIELD_CATEGORY", "terms": {"max_error": 0.05}}
    await one.call(f"{FEEDBACK}/SetErrorBudget", error_budget=budget)
    _, twin = await triage(one, {"id": uuid.uuid4().hex, "body": BODY})  # whose answer is reusable
    experiment = await begin_experiment(one)
    tickets: list[dict[str, str]] = []  # a new one for each try: what was kept apart stays apart

    async def is_shared() -> bool:  # once both know of the budget and the experiment
        ticket = {"id": uuid.uuid4().hex, "body": BODY}
        tickets.append(ticket)
        return bool((await keep(one, ticket)).run == (await keep(two, ticket)).run)

    await until(is_shared)
    ticket = tickets[-1]
    kept = await keep(one, ticket)
    answered = kept.category.category
    assert answered == twin.category.category

    right = "shipping" if answered != "shipping" else "account"
    feedback = {"run": kept.run, "correction": {"category": right}, "rating": 2}
    response = await one.call(f"{FEEDBACK}/SubmitFeedback", feedback=feedback)

    # The cached answer and what would answer the same again are gone, for both servers.
    effects = response.effects
    assert effects.cached_answers_dropped == 1
    assert effects.reusable_answers_dropped == 1

    async def is_answered_anew() -> bool:
        return bool((await triage(two, ticket))[1].run != kept.run)

    await until(is_answered_anew)

    # The ticket is a labelled example, which the next answer goes by.
    assert effects.label.startswith("labels/")

    async def is_learned() -> bool:
        _, result = await triage(two, {"id": uuid.uuid4().hex, "body": BODY})
        return [label.label for label in result.similar_labels] == [effects.label]

    await until(is_learned)
    _, taught = await triage(one, {"id": uuid.uuid4().hex, "body": BODY})
    assert taught.category.category == right

    # The error budget has taken it in.
    (learned,) = effects.budgets
    assert (learned.is_counted, learned.was_right) == (True, False)
    told = await two.call(f"{FEEDBACK}/GetErrorBudget", field="BUDGET_FIELD_CATEGORY")
    assert [(gate.judged, gate.wrong) for gate in told.error_budget.gates if gate.judged] == [
        (1, 1)
    ]

    # The arm that answered is charged.
    (outcome,) = effects.outcomes
    assert (outcome.experiment, outcome.metric, outcome.value) == (experiment, "overturned", 1.0)
    assert outcome.variant == kept.experiment.variant
    results = (await two.call(f"{EXPERIMENTS}/GetExperimentResults", name=experiment)).results
    (metric,) = results.metrics
    charged = {v.variant: v.conversions for v in metric.variants}
    assert charged[kept.experiment.variant] == 1


async def test_the_same_words_are_taken_once(servers: tuple[Caller, Caller]) -> None:
    one, two = servers
    _, result = await triage(one, {"id": uuid.uuid4().hex, "body": "How do I log in?"})
    feedback = {"run": result.run, "acceptance": "ACCEPTANCE_ACCEPTED"}
    first = await one.call(f"{FEEDBACK}/SubmitFeedback", feedback=feedback)
    again = await two.call(f"{FEEDBACK}/SubmitFeedback", feedback=feedback)
    assert (first.is_repeated, again.is_repeated) == (False, True)
    assert again.feedback == first.feedback
