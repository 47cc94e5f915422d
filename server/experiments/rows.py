"""Experiments as rows of the database, and back."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

import orjson
from psycopg.rows import TupleRow

from server.experiments.codec import (
    decode_conclusion,
    decode_design,
    encode_conclusion,
    encode_design,
)
from server.experiments.experiment import (
    Cause,
    Configuration,
    Experiment,
    Slice,
    State,
)

GOING = f"state IN ({State.RUNNING}, {State.PAUSED})"


def phase_values(experiment: Experiment) -> dict[str, Any]:
    """What names the experiment's phase."""
    return {
        "tenant": experiment.tenant,
        "experiment_id": experiment.experiment_id,
        "phase": experiment.phase,
    }


def experiment_values(experiment: Experiment) -> dict[str, Any]:
    """What is stored of an experiment, by column."""
    part, configuration = experiment.slice, experiment.configuration
    conclusion = experiment.conclusion
    return phase_values(experiment) | {
        "layer": experiment.layer,
        "state": experiment.state,
        "revision": experiment.revision,
        "design": _json(encode_design(experiment.design)),
        "slice_start": part and part.start,
        "slice_end": part and part.end,
        "start_time": experiment.start_time,
        "configuration": configuration and configuration.version,
        "conclusion": conclusion and _json(encode_conclusion(conclusion)),
        "create_time": experiment.create_time,
        "update_time": experiment.update_time,
    }


def configuration_values(configuration: Configuration) -> dict[str, Any]:
    """What is stored of a configuration, by column."""
    return {
        "version": configuration.version,
        "weights": list(configuration.weights),
        "traffic": configuration.traffic,
        "cause": configuration.cause,
        "start_time": configuration.start_time,
    }


def experiment_of(row: TupleRow) -> Experiment:
    """The experiment of a row of the store's query."""
    tenant, experiment_id, design, state, revision, created, updated, phase = row[:8]
    started, slice_start, slice_end, conclusion, is_applied, *configuration = row[8:]
    return Experiment(
        tenant=tenant,
        experiment_id=experiment_id,
        design=decode_design(design),
        state=State(state),
        revision=revision,
        create_time=created.astimezone(UTC),
        update_time=updated.astimezone(UTC),
        phase=phase,
        start_time=started and started.astimezone(UTC),
        slice=None if slice_start is None else Slice(slice_start, slice_end),
        configuration=None if configuration[0] is None else configuration_of(configuration),
        conclusion=conclusion and decode_conclusion(conclusion),
        is_applied=is_applied,
    )


def configuration_of(row: Sequence[Any]) -> Configuration:
    """The configuration of a row."""
    version, weights, traffic, cause, start_time = row
    return Configuration(version, tuple(weights), traffic, Cause(cause), start_time.astimezone(UTC))


def _json(record: Mapping[str, Any]) -> str:
    return orjson.dumps(record).decode()
