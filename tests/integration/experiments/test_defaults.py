"""A winner's parameters become the defaults of its layer, and can be taken back."""

import asyncio
from functools import partial

import pytest

from server.audit.store import AuditLog
from server.experiments.errors import InvalidExperiment, NotPossibleNow, StaleExperiment
from server.experiments.experiment import (
    TRIAGE_LAYER,
    Conclusion,
    Ending,
    Experiment,
    Parameters,
    Variant,
)
from server.experiments.lifecycle import concluded, stopped
from server.experiments.store import ExperimentStore
from server.storage.database import Database
from server.triage.parameters import Offer, parameter_faults
from tests.integration.experiments.conftest import ACTOR, START, Begin, start

LAYER = "prompts"


@pytest.fixture
def ended(begin: Begin, experiments: ExperimentStore) -> Begin:
    """Makes an experiment that has stopped with b as its winner."""

    async def make(name: str = "e-1", layer: str = LAYER) -> Experiment:
        variants = (Variant("a", 0.5), Variant("b", 0.5, {"prompt": name, "temperature": 1.0}))
        running = await begin(name=name, layer=layer, variants=variants)
        won = Conclusion(Ending.WINNER, "b", "b is better.", START)
        return await experiments.change(
            running.tenant, name, "", lambda now, _: concluded(now, won), ACTOR, "experiment.winner"
        )

    return make


async def apply(store: ExperimentStore, experiment: Experiment, variant: str = "") -> Experiment:
    return await store.apply(experiment.tenant, experiment.experiment_id, "", variant, ACTOR)


async def roll_back(store: ExperimentStore, experiment: Experiment) -> Experiment:
    return await store.roll_back(experiment.tenant, experiment.experiment_id, "", ACTOR)


async def prompt(store: ExperimentStore, tenant: str) -> object:
    """Of the layer's defaults; None: it has none."""
    return (await store.active(tenant))[1].get(LAYER, {}).get("prompt")


async def test_the_winners_parameters_are_the_defaults_of_its_layer(
    experiments: ExperimentStore, ended: Begin
) -> None:
    before = await ended()
    after = await apply(experiments, before)
    assert (await experiments.active(before.tenant))[1] == {
        LAYER: {"prompt": "e-1", "temperature": 1.0}
    }
    assert after.is_applied
    assert after.etag != before.etag
    assert await experiments.get(before.tenant, "e-1") == after


async def test_another_variant_is_applied_where_it_is_named(
    experiments: ExperimentStore, ended: Begin
) -> None:
    experiment = await ended()
    await apply(experiments, experiment, "a")
    assert (await experiments.active(experiment.tenant))[1] == {LAYER: {}}


async def test_a_variant_that_there_is_not_cannot_be_applied(
    experiments: ExperimentStore, ended: Begin
) -> None:
    with pytest.raises(InvalidExperiment) as refused:
        await apply(experiments, await ended(), "c")
    assert [fault.field for fault in refused.value.faults] == ["variant"]


async def test_what_is_applied_cannot_be_applied_again(
    experiments: ExperimentStore, ended: Begin
) -> None:
    experiment = await ended()
    await apply(experiments, experiment)
    with pytest.raises(NotPossibleNow, match="applied already"):
        await apply(experiments, experiment)


async def test_a_roll_back_gives_the_layer_what_it_had_before(
    experiments: ExperimentStore, ended: Begin
) -> None:
    first, second = await ended("e-1"), await ended("e-2", layer=LAYER)
    await apply(experiments, first)
    await apply(experiments, second)
    assert await prompt(experiments, first.tenant) == "e-2"
    assert not (await roll_back(experiments, second)).is_applied
    assert await prompt(experiments, first.tenant) == "e-1"
    await roll_back(experiments, first)
    assert await prompt(experiments, first.tenant) is None


async def test_what_lies_beneath_another_cannot_be_rolled_back(
    experiments: ExperimentStore, ended: Begin
) -> None:
    first, second = await ended("e-1"), await ended("e-2")
    await apply(experiments, first)
    await apply(experiments, second)
    with pytest.raises(NotPossibleNow, match="experiments/e-2 since"):
        await roll_back(experiments, first)
    assert not (await experiments.get(first.tenant, "e-1")).is_applied


async def test_what_is_not_applied_cannot_be_rolled_back(
    experiments: ExperimentStore, ended: Begin
) -> None:
    with pytest.raises(NotPossibleNow, match="not applied"):
        await roll_back(experiments, await ended())


async def test_an_experiment_that_runs_cannot_be_applied(
    experiments: ExperimentStore, begin: Begin
) -> None:
    with pytest.raises(NotPossibleNow, match="when it has stopped"):
        await apply(experiments, await begin(layer=LAYER), "b")


async def test_an_experiment_in_a_layer_of_its_own_cannot_be_applied(
    experiments: ExperimentStore, ended: Begin
) -> None:
    with pytest.raises(NotPossibleNow, match="layer of its own"):
        await apply(experiments, await ended(layer=""))


async def test_without_a_winner_a_variant_must_be_named(
    experiments: ExperimentStore, begin: Begin
) -> None:
    running = await begin(layer=LAYER)
    experiment = await experiments.change(
        running.tenant,
        running.experiment_id,
        "",
        lambda current, _: stopped(current, "", START),
        ACTOR,
        "experiment.stop",
    )
    with pytest.raises(NotPossibleNow, match="no winner"):
        await apply(experiments, experiment)
    assert (await apply(experiments, experiment, "b")).is_applied


async def test_what_has_changed_since_it_was_read_is_not_applied(
    experiments: ExperimentStore, ended: Begin
) -> None:
    experiment = await ended()
    with pytest.raises(StaleExperiment):
        await experiments.apply(experiment.tenant, "e-1", "1", "", ACTOR)


async def test_of_processes_that_apply_at_once_one_does(
    experiments: ExperimentStore, databases: list[Database], ended: Begin
) -> None:
    experiment = await ended()
    stores = [experiments, ExperimentStore(databases[1])]
    answers = await asyncio.gather(
        *[apply(stores[number % 2], experiment) for number in range(4)], return_exceptions=True
    )
    assert sum(isinstance(answer, Experiment) for answer in answers) == 1
    await roll_back(experiments, experiment)
    assert await prompt(experiments, experiment.tenant) is None


async def test_what_is_applied_and_taken_back_is_on_record(
    experiments: ExperimentStore, databases: list[Database], ended: Begin
) -> None:
    experiment = await ended()
    await apply(experiments, experiment)
    await roll_back(experiments, experiment)
    events = await AuditLog(databases[0]).page(experiment.tenant, "", None, 2)
    assert [(event.change.action, event.change.after) for event in events] == [
        ("experiment.roll_back", None),
        ("experiment.apply", {"variant": "b", "parameters": {"prompt": "e-1", "temperature": 1.0}}),
    ]


def arms(*parameters: Parameters) -> tuple[Variant, ...]:
    """Variants a, b, ... with these parameters."""
    share = 1 / len(parameters)
    return tuple(Variant("abc"[at], share, each) for at, each in enumerate(parameters))


ASKS_NOBODY: Parameters = {"engine": "embedded"}
MODELS = arms({"model": "x"}, {"model": "y"})


@pytest.fixture
def triage_store(databases: list[Database]) -> ExperimentStore:
    """Of a server whose models are x and y."""
    offer = Offer(frozenset("xy"), frozenset())
    return ExperimentStore(databases[0], partial(parameter_faults, offer=offer))


async def end(store: ExperimentStore, running: Experiment) -> Experiment:
    return await store.change(
        running.tenant,
        running.experiment_id,
        "",
        lambda current, _: stopped(current, "", START),
        ACTOR,
        "experiment.stop",
    )


async def test_what_the_defaults_would_make_idle_cannot_start(
    triage_store: ExperimentStore, begin: Begin
) -> None:
    engines = arms(ASKS_NOBODY, {"engine": "llm"})
    first = await end(triage_store, await begin(name="e-1", layer=TRIAGE_LAYER, variants=engines))
    models = await end(triage_store, await begin(name="e-2", layer=TRIAGE_LAYER, variants=MODELS))
    await apply(triage_store, first, "a")
    with pytest.raises(
        NotPossibleNow, match=r"engine = embedded: variants\[0\].parameters\[model\]"
    ):
        await start(triage_store, models, START)
    await roll_back(triage_store, first)
    assert (await start(triage_store, models, START)).phase == models.phase + 1


async def test_variants_that_the_defaults_would_make_one_cannot_start(
    experiments: ExperimentStore, ended: Begin
) -> None:
    experiment = await ended()
    await apply(experiments, experiment)  # b, beside which a states nothing
    with pytest.raises(NotPossibleNow, match="a and b would be the same"):
        await start(experiments, experiment, START)


async def test_variants_that_state_the_same_may_run_beside_any_defaults(
    experiments: ExperimentStore, ended: Begin, begin: Begin
) -> None:
    await apply(experiments, await ended())
    same = await begin(name="e-2", layer=LAYER, variants=arms({}, {}))
    assert (await experiments.active(same.tenant))[0] == [same]


async def test_defaults_that_would_spoil_what_runs_are_neither_applied_nor_given_back(
    triage_store: ExperimentStore, begin: Begin
) -> None:
    engines = arms(ASKS_NOBODY, {"engine": "llm"})
    below, above = [
        await end(triage_store, await begin(name=name, layer=TRIAGE_LAYER, variants=engines))
        for name in ("e-1", "e-2")
    ]
    models = await begin(name="e-3", layer=TRIAGE_LAYER, variants=MODELS)
    with pytest.raises(NotPossibleNow, match="experiments/e-3 cannot run"):
        await apply(triage_store, below, "a")
    assert (await triage_store.active(below.tenant))[1] == {}
    await end(triage_store, models)
    await apply(triage_store, below, "a")
    await apply(triage_store, above, "b")
    await start(triage_store, models, START)
    with pytest.raises(NotPossibleNow, match="experiments/e-3 cannot run"):
        await roll_back(triage_store, above)
    assert (await triage_store.active(below.tenant))[1] == {TRIAGE_LAYER: {"engine": "llm"}}
