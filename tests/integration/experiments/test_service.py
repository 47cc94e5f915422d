"""The life of an experiment, as its owners have it through the wire."""

import asyncio
from typing import Any

import pytest

from tests.integration.access.refusals import Refusal, refusal
from tests.integration.admin.servers import new_caller, new_tenant
from tests.integration.callers import ACCESS, EXPERIMENTS, Caller, until
from tests.integration.experiments.desk import NAME, P95, SECONDS, SOLVED, Desk, design, units

DRAFT, RUNNING, PAUSED, STOPPED, ARCHIVED = range(1, 6)
BY_HAND = 4
LIVES = {
    DRAFT: [],
    RUNNING: ["Start"],
    PAUSED: ["Start", "Pause"],
    STOPPED: ["Start", "Stop"],
    ARCHIVED: ["Archive"],
}
FULL = design(
    (0.2, 0.3, 0.5),
    title="Shorter prompts",
    hypothesis="They are as good.",
    metrics=[
        SOLVED | {"missing": "MISSING_OUTCOME_FAILURE", "attribution_window": {"seconds": 3600}},
        SECONDS | {"winsorize_upper": 60.0, "direction": "DIRECTION_MINIMIZE"},
        P95 | {"role": "METRIC_ROLE_GUARDRAIL", "margin": 0.5},
    ],
    stopping={"alpha": 0.1, "min_units": 50, "max_units": 5000, "min_duration": {"seconds": 60}},
    layer="answers",
    layer_share=0.25,
    holdout=0.1,
    traffic=0.5,
    targeting={
        "all": {
            "conditions": [
                {"attribute": {"name": "plan", "one_of": {"texts": ["pro", "team"]}}},
                {"not": {"attribute": {"name": "age", "at_least": 7.5}}},
                {"any": {"conditions": [{"attribute": {"name": "x", "is_present": False}}]}},
            ]
        }
    },
)


async def live(desk: Desk, state: int, wanted: dict[str, Any] | None = None) -> None:
    """An experiment in that state."""
    await desk.create(wanted)
    for verb in LIVES[state]:
        await desk.change(verb)


async def events(desk: Desk) -> list[Any]:
    """The audit events of the tenant's experiments, the oldest first."""
    listed = (await desk.admin.call(f"{ACCESS}/ListAuditEvents")).audit_events
    return [event for event in reversed(listed) if event.resource == NAME]


async def test_a_draft_is_read_as_it_was_created(desk: Desk) -> None:
    created = await desk.create(FULL)
    assert await desk.get() == created
    assert (created.name, created.state, created.etag, created.phase) == (NAME, DRAFT, "1", 0)
    assert not created.HasField("configuration")
    assert list(created.targeting.all.conditions[0].attribute.one_of.texts) == ["pro", "team"]


async def test_what_is_read_can_be_created_again(desk: Desk) -> None:
    created = await desk.create(FULL)
    copy = await desk.create(created, "experiments/copy")
    for field in ("name", "create_time", "update_time"):
        copy.ClearField(field)
        created.ClearField(field)
    assert copy == created


async def test_a_creation_that_is_only_checked_leaves_nothing(desk: Desk) -> None:
    call = desk.call("CreateExperiment", experiment_id="x", experiment=FULL, validate_only=True)
    assert (await call).experiment.name == "experiments/x"
    assert (await refusal(desk.call("GetExperiment", name="experiments/x"))).code == "NOT_FOUND"


async def test_an_id_is_given_once(desk: Desk) -> None:
    await live(desk, ARCHIVED)
    again = desk.call("CreateExperiment", experiment_id="prompt-2", experiment=design())
    refused = await refusal(again)
    assert (refused.code, refused.reason) == ("ALREADY_EXISTS", "EXPERIMENT_ID_TAKEN")


async def test_a_whole_life_is_one_revision_after_another(desk: Desk) -> None:
    await desk.create()
    verbs = ("Start", "Pause", "Start", "Stop", "Start", "Stop", "Archive")
    lived = [await desk.change(verb) for verb in verbs]
    assert [one.state for one in lived] == [
        *(RUNNING, PAUSED, RUNNING, STOPPED),
        *(RUNNING, STOPPED, ARCHIVED),
    ]
    assert [int(one.etag) for one in lived] == [2, 3, 4, 5, 6, 7, 8]
    assert [one.phase for one in lived] == [1, 1, 1, 1, 2, 2, 2]
    assert [one.configuration.version for one in lived] == [1, 1, 1, 1, 2, 2, 2]


async def test_a_stop_is_on_record_with_its_reason_until_it_is_reopened(desk: Desk) -> None:
    await desk.begin()
    stopped = await desk.change("Stop", reason="Enough seen.")
    assert stopped.conclusion.outcome == BY_HAND
    assert stopped.conclusion.explanation == "Enough seen."
    assert not (await desk.change("Start")).HasField("conclusion")


@pytest.mark.parametrize(
    ("state", "verb"),
    [
        (DRAFT, "Pause"),
        (DRAFT, "Stop"),
        (RUNNING, "Start"),
        (RUNNING, "Archive"),
        (PAUSED, "Pause"),
        (PAUSED, "Archive"),
        (STOPPED, "Stop"),
        (ARCHIVED, "Start"),
        (ARCHIVED, "Archive"),
    ],
)
async def test_what_the_state_forbids_is_refused_and_changes_nothing(
    desk: Desk, state: int, verb: str
) -> None:
    await live(desk, state)
    before = await desk.get()
    refused = await refusal(desk.call(f"{verb}Experiment", name=NAME))
    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "NOT_POSSIBLE_NOW")
    assert refused.message.startswith(NAME)
    assert await desk.get() == before


@pytest.mark.parametrize("state", [RUNNING, PAUSED])
@pytest.mark.parametrize(
    "change",
    [
        {"metrics": [SECONDS | {"role": "METRIC_ROLE_PRIMARY"}]},
        {"unit": "UNIT_KIND_CUSTOMER"},
        {"layer": "other"},
        {"holdout": 0.2},
        {"targeting": {"attribute": {"name": "a", "equals": "b"}}},
        {"allocation": {"algorithm": "ALGORITHM_UCB1"}},
        {"stopping": {"alpha": 0.2}},
        {"variants": design((0.2, 0.3, 0.5))["variants"]},
    ],
    ids=lambda change: next(iter(change)) if isinstance(change, dict) else None,
)
async def test_what_units_have_met_cannot_change_while_it_runs(
    desk: Desk, state: int, change: dict[str, Any]
) -> None:
    await live(desk, state)
    before = await desk.get()
    wanted = {"name": NAME, "etag": before.etag} | change
    refused = await refusal(desk.call("UpdateExperiment", experiment=wanted))
    assert refused.code == "FAILED_PRECONDITION"
    assert next(iter(change)) in refused.message
    assert await desk.get() == before


async def test_title_traffic_weights_and_maxima_change_while_it_runs(desk: Desk) -> None:
    await desk.begin()
    await desk.update(title="Another")
    await desk.update(traffic=0.5)
    await desk.update(variants=design((0.8, 0.2))["variants"])
    changed = await desk.update(stopping={"max_units": 9000})
    assert (changed.title, changed.stopping.max_units) == ("Another", 9000)
    configuration = changed.configuration
    assert (configuration.version, configuration.traffic) == (3, 0.5)
    assert list(configuration.weights) == [0.8, 0.2]


async def test_only_words_change_when_it_has_stopped(desk: Desk) -> None:
    await live(desk, STOPPED)
    assert (await desk.update(hypothesis="It was not.")).hypothesis == "It was not."
    wanted = {"name": NAME, "etag": (await desk.get()).etag, "traffic": 0.5}
    refused = await refusal(desk.call("UpdateExperiment", experiment=wanted))
    assert refused.code == "FAILED_PRECONDITION"


async def test_an_update_changes_the_fields_of_its_mask_alone(desk: Desk) -> None:
    before = await desk.create(design(title="Old", hypothesis="Old"))
    wanted = {"name": NAME, "etag": before.etag, "title": "New"}
    mask = {"paths": ["title", "hypothesis"]}
    call = desk.call("UpdateExperiment", experiment=wanted, update_mask=mask)
    after = (await call).experiment
    assert (after.title, after.hypothesis) == ("New", "")
    assert after.variants == before.variants


async def test_an_update_that_is_only_checked_changes_nothing(desk: Desk) -> None:
    before = await desk.create()
    wanted = {"name": NAME, "etag": before.etag, "title": "New"}
    call = desk.call("UpdateExperiment", experiment=wanted, validate_only=True)
    assert (await call).experiment.title == "New"
    assert await desk.get() == before


@pytest.mark.parametrize("is_only_checked", [False, True])
async def test_an_update_of_what_has_changed_since_is_refused(
    desk: Desk, is_only_checked: bool
) -> None:
    stale = await desk.create()
    await desk.update(title="Newer")
    wanted = {"name": NAME, "etag": stale.etag, "title": "Older"}
    fields = {"experiment": wanted, "validate_only": is_only_checked}
    refused = await refusal(desk.call("UpdateExperiment", **fields))
    assert (refused.code, refused.reason) == ("ABORTED", "STALE_ETAG")


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"name": NAME}, "experiment.etag"),
        ({"etag": "1"}, "experiment.name"),
        ({"etag": "1", "name": "prompt-2"}, "experiment.name"),
        ({"etag": "1", "name": "experiments/\0"}, "experiment.name"),
    ],
)
async def test_an_update_must_say_what_it_is_an_update_of(
    desk: Desk, wanted: dict[str, str], field: str
) -> None:
    await desk.create()
    refused = await refusal(desk.call("UpdateExperiment", experiment=wanted | {"title": "x"}))
    assert (refused.code, refused.field) == ("INVALID_ARGUMENT", field)


@pytest.mark.parametrize("verb", ["Start", "Archive"])
async def test_a_change_of_state_with_an_old_etag_is_refused(desk: Desk, verb: str) -> None:
    stale = await desk.create()
    await desk.update(title="Newer")
    refused = await refusal(desk.call(f"{verb}Experiment", name=NAME, etag=stale.etag))
    assert (refused.code, refused.reason) == ("ABORTED", "STALE_ETAG")


async def test_of_starts_at_once_with_one_etag_one_is_made(
    desk: Desk, operators: list[Caller]
) -> None:
    etag = (await desk.create()).etag
    at = [desk, desk.at(operators[1])] * 4
    calls = [each.call("StartExperiment", name=NAME, etag=etag) for each in at]
    codes = [(await call.code()).name for call in calls]
    assert sorted(codes) == ["ABORTED"] * 7 + ["OK"]


async def test_every_change_is_in_the_audit_log(desk: Desk) -> None:
    await desk.create(design(layer="answers"))
    await desk.change("Start")
    await desk.update(traffic=0.5)
    for verb in ("Pause", "Start", "Stop"):
        await desk.change(verb)
    await desk.call("ApplyWinner", name=NAME, variant="b")
    await desk.call("RollBackWinner", name=NAME)
    await desk.change("Archive")
    verbs = ["create", "start", "update", "pause", "start", "stop", "apply", "roll_back", "archive"]
    told = await events(desk)
    assert [event.action for event in told] == [f"experiment.{verb}" for verb in verbs]
    assert {event.actor for event in told} == {desk.admin.name.partition("/")[2]}


async def test_a_change_that_is_refused_or_only_checked_is_in_no_audit_log(desk: Desk) -> None:
    await desk.create()
    await refusal(desk.call("PauseExperiment", name=NAME))
    wanted = {"name": NAME, "etag": "1", "title": "New"}
    await desk.call("UpdateExperiment", experiment=wanted, validate_only=True)
    assert [event.action for event in await events(desk)] == ["experiment.create"]


async def test_pages_list_every_experiment_once_the_newest_first(desk: Desk) -> None:
    names = [f"experiments/e{number}" for number in range(7)]
    for name in names:
        await desk.create(name=name)
    pages = [await desk.call("ListExperiments", page_size=3)]
    while token := pages[-1].next_page_token:
        pages.append(await desk.call("ListExperiments", page_size=3, page_token=token))
    assert [one.name for page in pages for one in page.experiments] == names[::-1]


async def test_a_listing_shows_a_state_or_a_layer_where_asked(desk: Desk) -> None:
    await desk.create(design(layer="answers"), "experiments/draft")
    await desk.begin(name="experiments/runs")
    await desk.create(name="experiments/away")
    await desk.change("Archive", "experiments/away")

    async def listed(**asked: Any) -> list[str]:
        found = (await desk.call("ListExperiments", **asked)).experiments
        return [one.name.removeprefix("experiments/") for one in found]

    assert await listed() == ["runs", "draft"]
    assert await listed(state=RUNNING) == ["runs"]
    assert await listed(state=ARCHIVED) == ["away"]
    assert await listed(layer="answers") == ["draft"]


async def test_a_page_token_of_another_listing_is_refused(desk: Desk) -> None:
    for name in ("one", "two"):
        await desk.create(name=f"experiments/{name}")
    token = (await desk.call("ListExperiments", page_size=1)).next_page_token
    refused = await refusal(desk.call("ListExperiments", page_token=token, state=RUNNING))
    assert (refused.code, refused.field) == ("INVALID_ARGUMENT", "page_token")


async def test_a_layer_without_room_lets_nobody_start(desk: Desk) -> None:
    await desk.begin(design(layer="answers", layer_share=0.6))
    await desk.create(design(layer="answers", layer_share=0.6), "experiments/other")
    refused = await refusal(desk.call("StartExperiment", name="experiments/other"))
    assert refused.code == "FAILED_PRECONDITION"
    await desk.change("Stop")
    assert (await desk.change("Start", "experiments/other")).state == RUNNING


async def denied(desk: Desk, method: str, **fields: Any) -> Refusal:
    """Why a call was denied; its fields need not be well-formed."""
    refused = await refusal(desk.call(method, **fields))
    assert refused.code == "PERMISSION_DENIED"
    return refused


@pytest.mark.parametrize(
    ("role", "methods"),
    [
        ("ROLE_READER", ["AssignVariant", "RecordOutcome", "CreateExperiment", "StopExperiment"]),
        ("ROLE_AGENT", ["CreateExperiment", "StartExperiment", "UpdateExperiment", "ApplyWinner"]),
    ],
)
async def test_a_role_may_not_do_what_is_not_its(
    desk: Desk, operators: list[Caller], role: str, methods: list[str]
) -> None:
    theirs = Desk(await new_caller(operators[0], role, desk.tenant))
    for method in methods:
        await denied(theirs, method)


async def test_a_reader_reads_an_agent_assigns_and_records_a_supervisor_manages(
    desk: Desk, operators: list[Caller]
) -> None:
    supervisor, agent, reader = [
        Desk(await new_caller(operators[0], f"ROLE_{role}", desk.tenant))
        for role in ("SUPERVISOR", "AGENT", "READER")
    ]
    await supervisor.begin()
    await agent.assign("u")
    await agent.record("u")
    assert (await reader.results()).exposures == 1
    assert (await supervisor.change("Stop")).state == STOPPED


async def test_another_tenant_neither_sees_nor_changes_anything(
    desk: Desk, operators: list[Caller]
) -> None:
    await desk.begin()
    await desk.assign("u")
    other = Desk(await new_tenant(operators[0]))
    assert not (await other.call("ListExperiments")).experiments
    for method in ("GetExperiment", "StopExperiment", "ApplyWinner", "GetExperimentResults"):
        refused = await refusal(other.call(method, name=NAME))
        assert (refused.code, refused.reason) == ("NOT_FOUND", "EXPERIMENT_NOT_FOUND")
    for call in (
        other.call("AssignVariant", experiment=NAME, unit_id="u"),
        other.call("EstimateSampleSize", experiment=NAME, min_effect=0.1),
        other.record("u"),
    ):
        assert (await refusal(call)).code == "NOT_FOUND"


async def test_the_same_id_and_units_in_two_tenants_are_two_experiments(
    desk: Desk, operators: list[Caller]
) -> None:
    other = Desk(await new_tenant(operators[0]))
    await asyncio.gather(desk.begin(), other.begin())
    ours, theirs = await asyncio.gather(desk.expose(units(40)), other.expose(units(20)))
    assert (await desk.results()).exposures == 40
    assert (await other.results()).exposures == 20
    assert any(ours[unit] != theirs[unit] for unit in theirs)


async def test_a_change_at_one_server_is_known_at_the_other(
    desk: Desk, operators: list[Caller]
) -> None:
    there = desk.at(operators[1])
    await desk.begin()
    assert (await there.assign("before")).variant

    async def is_stopped_there() -> bool:
        call = there.admin.call(f"{EXPERIMENTS}/AssignVariant", experiment=NAME, unit_id="after")
        return not (await call).variant

    await desk.change("Stop")
    await until(is_stopped_there)
