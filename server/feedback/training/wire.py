"""Models and trainings as messages."""

from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import ParseDict
from switchyard.feedback.v1 import feedback_service_pb2, model_pb2

from server.feedback.training.trainings import Progress
from server.triage.models.model import Comparison, TrainedModel
from server.wire_values import enum_number, write_moment, write_seconds


def write_step(step: Progress | TrainedModel) -> feedback_service_pb2.TrainModelResponse:
    """How far a training is, or what it has made."""
    if isinstance(step, TrainedModel):
        return feedback_service_pb2.TrainModelResponse(model=write_model(step))
    progress = model_pb2.TrainingProgress(stage=step.stage, done=step.done, finding=step.finding)
    return feedback_service_pb2.TrainModelResponse(progress=progress)


def write_model(model: TrainedModel) -> model_pb2.Model:
    """A model on record."""
    comparison = model.comparison
    return model_pb2.Model(
        name=model.name,
        version=model.version,
        create_time=None if model.create_time is None else write_moment(model.create_time),
        creator=model.creator,
        state=enum_number(model.state),
        taxonomy_revision=model.taxonomy_revision,
        digest=model.digest,
        data_digest=model.data_digest,
        size_bytes=model.size_bytes,
        embedding_model=model.embedding_model,
        figures=None if model.figures is None else _write_figures(model.figures),
        comparison=None if comparison is None else _write_comparison(comparison),
        lineage=model.lineage,
    )


def _write_figures(figures: Mapping[str, Any]) -> model_pb2.TrainingFigures:
    """Figures on record go by the contract's names, but for the seconds."""
    record = dict(figures)
    seconds = record.pop("seconds")
    message = ParseDict(record, model_pb2.TrainingFigures(), ignore_unknown_fields=True)
    message.duration.CopyFrom(write_seconds(seconds))
    return message


def _write_comparison(comparison: Comparison) -> model_pb2.ModelComparison:
    return model_pb2.ModelComparison(
        other_version=comparison.other_version,
        labels=comparison.labels,
        both_right=comparison.both_right,
        only_this_right=comparison.only_this_right,
        only_other_right=comparison.only_other_right,
        difference=comparison.difference,
        lower=comparison.lower,
        margin=comparison.margin,
        is_no_worse=comparison.is_no_worse,
    )
