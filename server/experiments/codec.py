"""What is stored of experiments, as JSON values and back.

Fields that a record lacks get their defaults: it may be older than they are.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from enum import IntEnum
from math import inf, isfinite
from typing import Any

from server.experiments.condition import (
    AllOf,
    AnyOf,
    AttributeTest,
    Between,
    Condition,
    Not,
    OneOf,
    Prefix,
    Present,
)
from server.experiments.experiment import (
    Aggregation,
    Algorithm,
    Allocation,
    Conclusion,
    Design,
    Ending,
    Metric,
    MetricKind,
    Parameter,
    Parameters,
    Role,
    Source,
    StoppingRule,
    UnitKind,
    Variant,
)
from server.experiments.results import Interval, Moment, VariantMoment

Record = dict[str, Any]


def encode_design(design: Design) -> Record:
    """A design as JSON values."""
    return {
        **_values(design),
        "variants": [_encode_variant(variant) for variant in design.variants],
        "metrics": [_values(metric) for metric in design.metrics],
        "allocation": _values(design.allocation),
        "stopping": _values(design.stopping),
        "targeting": None if design.targeting is None else _encode_condition(design.targeting),
    }


def decode_design(record: Record) -> Design:
    """The design of a stored record."""
    return Design(
        **_given(
            Design,
            record,
            variants=lambda variants: tuple(_decode_variant(variant) for variant in variants),
            metrics=lambda metrics: tuple(_decode_metric(metric) for metric in metrics),
            allocation=_decode_allocation,
            stopping=lambda stopping: StoppingRule(**_given(StoppingRule, stopping)),
            unit=UnitKind,
            targeting=lambda found: None if found is None else _decode_condition(found),
        )
    )


def encode_parameters(parameters: Parameters) -> Record:
    """Parameters as JSON values that keep their types."""
    # JSON in PostgreSQL takes 1e30 for the same as the whole number.
    return {
        name: {"number": value} if isinstance(value, float) else value
        for name, value in parameters.items()
    }


def decode_parameters(record: Record) -> dict[str, Parameter]:
    """The parameters of a stored record."""
    return {
        name: float(value["number"]) if isinstance(value, dict) else value
        for name, value in record.items()
    }


def encode_conclusion(conclusion: Conclusion) -> Record:
    """A conclusion as JSON values."""
    return _values(conclusion)


def decode_conclusion(record: Record) -> Conclusion:
    """The conclusion of a stored record."""
    return Conclusion(**_given(Conclusion, record, ending=Ending, time=datetime.fromisoformat))


def encode_moment(moment: Moment) -> Record:
    """The results of one time as JSON values."""
    return {**_values(moment), "variants": [_encode_standing(each) for each in moment.variants]}


def decode_moment(record: Record) -> Moment:
    """The results of one time, of a stored record."""
    return Moment(
        time=datetime.fromisoformat(record["time"]),
        units=record["units"],
        variants=tuple(_decode_standing(each) for each in record["variants"]),
    )


def _encode_standing(standing: VariantMoment) -> Record:
    interval = standing.lift_interval
    return {**_values(standing), "lift_interval": None if interval is None else _values(interval)}


def _decode_standing(record: Record) -> VariantMoment:
    return VariantMoment(
        **_given(
            VariantMoment,
            record,
            lift_interval=lambda found: None if found is None else Interval(**found),
        )
    )


def _encode_variant(variant: Variant) -> Record:
    return {**_values(variant), "parameters": encode_parameters(variant.parameters)}


def _decode_variant(record: Record) -> Variant:
    return Variant(**_given(Variant, record, parameters=decode_parameters))


def _decode_metric(record: Record) -> Metric:
    return Metric(
        **_given(Metric, record, kind=MetricKind, role=Role, aggregation=Aggregation, source=Source)
    )


def _decode_allocation(record: Record) -> Allocation:
    return Allocation(**_given(Allocation, record, algorithm=Algorithm))


def _encode_condition(condition: Condition) -> Record:
    """A condition as JSON values."""
    match condition:
        case AllOf(conditions):
            return {"all": [_encode_condition(each) for each in conditions]}
        case AnyOf(conditions):
            return {"any": [_encode_condition(each) for each in conditions]}
        case Not(other):
            return {"not": _encode_condition(other)}
    return {"attribute": condition.name, **_encode_test(condition)}


def _encode_test(test: AttributeTest) -> Record:
    match test:
        case OneOf():
            return {"one_of": [*test.texts]}
        case Prefix():
            return {"prefix": test.text}
        case Between():
            return {"at_least": _bound(test.least), "at_most": _bound(test.most)}
        case Present():
            return {"is_present": test.is_present}


def _decode_condition(record: Record) -> Condition:
    """The condition of a stored record."""
    match record:
        case {"all": conditions}:
            return AllOf(tuple(_decode_condition(each) for each in conditions))
        case {"any": conditions}:
            return AnyOf(tuple(_decode_condition(each) for each in conditions))
        case {"not": other}:
            return Not(_decode_condition(other))
    return _decode_test(record["attribute"], record)


def _decode_test(name: str, record: Record) -> AttributeTest:
    match record:
        case {"one_of": texts}:
            return OneOf(name, tuple(texts))
        case {"prefix": text}:
            return Prefix(name, text)
        case {"is_present": is_present}:
            return Present(name, is_present)
    least, most = record["at_least"], record["at_most"]
    return Between(name, -inf if least is None else least, inf if most is None else most)


def _values(instance: Any) -> Record:
    """The fields of a dataclass, those with plain values ready for JSON."""
    return {field.name: _plain(getattr(instance, field.name)) for field in fields(instance)}


def _plain(value: Any) -> Any:
    match value:
        case IntEnum():
            return int(value)
        case datetime():
            return value.isoformat()
        case tuple():
            return [*value]
    return value


def _given(kind: type, record: Mapping[str, Any], /, **read: Callable[[Any], Any]) -> Record:
    """The fields of a dataclass that the record has, each read by its reader or as it is."""
    names = [field.name for field in fields(kind) if field.name in record]
    return {name: read[name](record[name]) if name in read else record[name] for name in names}


def _bound(value: float) -> float | None:
    """JSON knows no infinity."""
    return value if isfinite(value) else None
