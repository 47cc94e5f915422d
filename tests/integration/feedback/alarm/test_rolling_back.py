"""What is flagged is taken back, by what other parts of the house offer for it."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from server.experiments.experiment import (
    TRIAGE_LAYER,
    Design,
    Experiment,
    Metric,
    MetricKind,
    Parameters,
    Role,
    State,
    Variant,
)
from server.experiments.lifecycle import drafted, started, stopped
from server.experiments.store import ExperimentStore
from server.feedback.alarm.alarms import Alarms
from server.feedback.alarm.rolling_back import RollBacks
from server.feedback.alarm.subjects import Kind, Subject
from server.feedback.alarm.watch_store import ACTOR
from server.triage.models.model import Training
from server.triage.models.model_store import ModelStore
from tests.integration.feedback.alarm.conftest import Panel
from tests.unit.feedback.alarm.runs import START

LATER = START + timedelta(hours=1)
SOLVED = Metric("solved", MetricKind.BINARY, Role.PRIMARY)


def digest_of(model: bytes) -> str:
    """As a model file tells it."""
    return hashlib.sha256(model).hexdigest()


@pytest.fixture
def models(panel: Panel) -> ModelStore:
    """Trained models."""
    return ModelStore(panel.database, digest_of, lambda: b"starter")


@pytest.fixture
def experiments(panel: Panel) -> ExperimentStore:
    """Experiments."""
    return ExperimentStore(panel.database)


@pytest.fixture
def ways(models: ModelStore, experiments: ExperimentStore) -> RollBacks:
    """What can be taken back."""
    return RollBacks(models, experiments, lambda: LATER)


async def trained(models: ModelStore, tenant: str, *data: bytes) -> list[Subject]:
    """Models that were activated one after the other, as subjects."""
    for model in data:
        training = Training(model, 0, "somebody", "00", 1, {})
        await models.activate(tenant, await models.add(tenant, training), "somebody")
    return [Subject(Kind.MODEL, f"embedded linear-ngram {digest_of(each)[:12]}") for each in data]


async def begun(store: ExperimentStore, tenant: str, parameters: Parameters) -> Experiment:
    """An experiment of triage that runs; its variant b has these parameters."""
    variants = (Variant("a", 0.5), Variant("b", 0.5, parameters))
    design = Design(variants, (SOLVED,), layer=TRIAGE_LAYER)
    draft = drafted(tenant, "x", design, START)
    await store.create(draft, "somebody")

    def start(current: Experiment, others: Sequence[Experiment]) -> Experiment:
        return started(current, others, START)

    return await store.change(tenant, "x", "", start, "somebody", "experiment.start")


async def applied(store: ExperimentStore, tenant: str, parameters: Parameters) -> None:
    """Variant b of an experiment has won and is applied."""
    await begun(store, tenant, parameters)

    def stop(current: Experiment, _others: Sequence[Experiment]) -> Experiment:
        return stopped(current, "", START)

    await store.change(tenant, "x", "", stop, "somebody", "experiment.stop")
    await store.apply(tenant, "x", "", "b", "somebody")


async def test_a_model_gives_way_to_the_one_before(
    ways: RollBacks, models: ModelStore, tenant: str
) -> None:
    _, flagged = await trained(models, tenant, b"one", b"two")
    done = await ways.roll_back(tenant, flagged, "")
    assert done == "models/2 was taken back, and models/1 answers."
    assert (await models.active(tenant))[0] == 1


async def test_the_first_model_gives_way_to_that_of_the_taxonomy(
    ways: RollBacks, models: ModelStore, tenant: str
) -> None:
    (flagged,) = await trained(models, tenant, b"one")
    done = await ways.roll_back(tenant, flagged, "")
    assert done == "models/1 was taken back, and models/0 answers."


async def test_a_model_that_was_taken_back_does_not_come_back_for_the_one_before(
    ways: RollBacks, models: ModelStore, tenant: str
) -> None:
    before, flagged = await trained(models, tenant, b"one", b"two")
    await ways.roll_back(tenant, flagged, "")
    done = await ways.roll_back(tenant, before, "")
    assert done == "Nothing was taken back: there is no model before models/1."


async def test_a_model_that_answers_no_more_stays_where_it_is(
    ways: RollBacks, models: ModelStore, tenant: str
) -> None:
    flagged, _ = await trained(models, tenant, b"one", b"two")
    done = await ways.roll_back(tenant, flagged, "")
    assert done == "Nothing was taken back: another model answers by now."


async def test_the_model_of_a_taxonomy_cannot_be_taken_back(ways: RollBacks, tenant: str) -> None:
    subject = Subject(Kind.MODEL, "embedded linear-ngram 0123456789ab")
    done = await ways.roll_back(tenant, subject, "")
    assert done == "Nothing was taken back: no trained model answers."


async def test_the_experiment_of_a_variant_is_stopped(
    ways: RollBacks, experiments: ExperimentStore, tenant: str
) -> None:
    await begun(experiments, tenant, {"prompt": "triage-2"})
    subject = Subject(Kind.VARIANT, "experiments/x/b phase 1")
    assert await ways.roll_back(tenant, subject, "Why.") == "experiments/x was stopped."
    found = await experiments.get(tenant, "x")
    assert found.conclusion is not None
    assert (found.state, found.conclusion.explanation) == (State.STOPPED, "Why.")


@pytest.mark.parametrize(
    ("variant", "why"),
    [
        ("experiments/x/b phase 2", "experiments/x is in phase 1 by now"),
        ("experiments/y/b phase 1", "experiments/y"),
    ],
)
async def test_another_phase_or_experiment_is_not_stopped(
    ways: RollBacks, experiments: ExperimentStore, tenant: str, variant: str, why: str
) -> None:
    await begun(experiments, tenant, {"prompt": "triage-2"})
    done = await ways.roll_back(tenant, Subject(Kind.VARIANT, variant), "Why.")
    assert done == f"Nothing was taken back: {why}."
    assert (await experiments.get(tenant, "x")).state is State.RUNNING


@pytest.mark.parametrize(
    ("parameters", "subject"),
    [
        ({"prompt": "triage-2"}, Subject(Kind.PROMPT, "triage-2")),
        ({"model": "groq"}, Subject(Kind.MODEL, "llm groq/llama")),
        ({"engine": "llm"}, Subject(Kind.MODEL, "llm groq/llama")),
    ],
)
async def test_what_a_winner_brought_is_rolled_back(
    ways: RollBacks,
    experiments: ExperimentStore,
    tenant: str,
    parameters: Parameters,
    subject: Subject,
) -> None:
    await applied(experiments, tenant, parameters)
    done = await ways.roll_back(tenant, subject, "")
    assert done == "The winner of experiments/x was rolled back."
    assert await experiments.applied(tenant, TRIAGE_LAYER) is None


@pytest.mark.parametrize(
    "subject", [Subject(Kind.PROMPT, "triage-1"), Subject(Kind.MODEL, "llm groq/llama")]
)
async def test_what_no_winner_brought_stays(
    ways: RollBacks, experiments: ExperimentStore, tenant: str, subject: Subject
) -> None:
    await applied(experiments, tenant, {"prompt": "triage-2", "model": "openai"})
    done = await ways.roll_back(tenant, subject, "")
    assert done == f"Nothing was taken back: no experiment's winner brought {subject.name}."
    assert await experiments.applied(tenant, TRIAGE_LAYER) is not None


async def test_an_alarm_is_counted_and_what_was_done_is_kept(ways: RollBacks, panel: Panel) -> None:
    counted: list[Kind] = []
    alarms = Alarms(panel.store, ways.roll_back, counted.append)
    panel.settings = replace(panel.settings, rolls_back=True)
    raised = await panel.overturn()
    await alarms.take_back(panel.tenant, raised)
    (watch,) = await panel.store.all(panel.tenant)
    assert counted == [Kind.MODEL]
    assert watch.action == "Nothing was taken back: no trained model answers."


async def test_an_alarm_without_rolling_back_does_nothing_but_count(
    ways: RollBacks, panel: Panel
) -> None:
    counted: list[Kind] = []
    await Alarms(panel.store, ways.roll_back, counted.append).take_back(
        panel.tenant, await panel.overturn()
    )
    (watch,) = await panel.store.all(panel.tenant)
    assert (counted, watch.action) == ([Kind.MODEL], "")


async def test_a_roll_back_that_fails_is_left_to_be_tried_again(panel: Panel) -> None:
    async def fail(_tenant: str, _subject: Subject, _why: str) -> str:
        raise RuntimeError

    panel.settings = replace(panel.settings, rolls_back=True)
    await Alarms(panel.store, fail, lambda _: None).take_back(panel.tenant, await panel.overturn())
    assert len(await panel.judge(panel.run(), overturned=True)) == 1


async def test_the_reason_names_what_is_flagged_and_why(panel: Panel) -> None:
    told: list[str] = []

    async def hear(_tenant: str, _subject: Subject, why: str) -> str:
        told.append(why)
        return "Done."

    panel.settings = replace(panel.settings, rolls_back=True)
    alarms = Alarms(panel.store, hear, lambda _: None)
    await alarms.take_back(panel.tenant, await panel.overturn())
    assert told == [
        "Overturn alarm: of 4 judged answers of model embedded linear-ngram 0123456789ab,"
        " 4 were overturned, and at most 10% may be."
    ]


async def test_stopping_is_the_deed_of_the_alarm(
    ways: RollBacks, experiments: ExperimentStore, panel: Panel
) -> None:
    await begun(experiments, panel.tenant, {"prompt": "triage-2"})
    await ways.roll_back(panel.tenant, Subject(Kind.VARIANT, "experiments/x/b phase 1"), "Why.")
    async with panel.database.connection("test") as connection:
        rows = await connection.execute(
            "SELECT actor FROM audit_events WHERE tenant = %s AND action = 'experiment.stop'",
            [panel.tenant],
        )
        assert await rows.fetchall() == [(ACTOR,)]
