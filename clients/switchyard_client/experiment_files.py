"""Experiments as TOML files, in the words of the contract."""

import tomllib
from dataclasses import dataclass

from switchyard_client.messages.switchyard.experiment.v1 import (
    Aggregation,
    Algorithm,
    Allocation,
    AttributeTest,
    Condition,
    Conditions,
    Direction,
    Experiment,
    Metric,
    MetricKind,
    MetricRole,
    MissingOutcome,
    OutcomeSource,
    ParameterValue,
    StoppingRule,
    Texts,
    UnitKind,
    Variant,
)
from switchyard_client.toml_fields import (
    InvalidField,
    by_key,
    choice,
    flag,
    many,
    message,
    number,
    read_fields,
    span,
    table,
    text,
    whole_number,
)


class InvalidExperimentFile(ValueError):
    """A file that holds no experiment: the message says where, and what is wrong."""


@dataclass(frozen=True, slots=True)
class ExperimentDraft:
    """An experiment that is not created yet, and the id that it shall have."""

    experiment_id: str
    experiment: Experiment


def load_experiment(content: str) -> ExperimentDraft:
    """Of TOML. Variants that all leave out their weight share equally.

    Whether the experiment makes sense is the server's to say. Raises InvalidExperimentFile.
    """
    try:
        fields = read_fields(tomllib.loads(content), _EXPERIMENT)
    except InvalidField as error:
        raise InvalidExperimentFile(str(error)) from None
    except RecursionError:
        raise InvalidExperimentFile("is nested too deeply") from None
    except ValueError as error:  # TOMLDecodeError, or a number of thousands of digits
        raise InvalidExperimentFile(f"is no TOML: {error}") from None
    if not fields.get("id"):
        raise InvalidExperimentFile('id: is missing; a name such as id = "shorter-prompt"')
    experiment_id = fields.pop("id")
    experiment = Experiment(**fields)
    _share_equally(experiment.variants)
    return ExperimentDraft(experiment_id, experiment)


def _share_equally(variants: list[Variant]) -> None:
    if not any(variant.weight for variant in variants):
        for variant in variants:
            variant.weight = 1 / len(variants)


def _parameter(value: object, place: str) -> ParameterValue:
    if isinstance(value, bool):
        return ParameterValue(flag=value)
    if isinstance(value, str):
        return ParameterValue(text=value)
    if isinstance(value, int):
        return ParameterValue(integer=whole_number(value, place))
    return ParameterValue(number=number(value, place))


def _condition(value: object, place: str) -> Condition:
    values = table(value, place)
    if "attribute" in values:
        return Condition(attribute=_attribute_test(values, place))
    if len(values) != 1:
        raise InvalidField(place, "must hold `attribute` and a test, or one of all, any, not")
    parts = read_fields(values, _PARTS, place)
    return Condition(**{_OWN.get(name, name): part for name, part in parts.items()})


def _conditions(value: object, place: str) -> Conditions:
    return Conditions(conditions=many(_condition)(value, place))


def _attribute_test(values: dict[str, object], place: str) -> AttributeTest:
    tests = {name: value for name, value in values.items() if name != "attribute"}
    if len(tests) != 1:
        raise InvalidField(place, f"must hold one test of its attribute: {', '.join(_TESTS)}")
    name = text(values["attribute"], f"{place}.attribute")
    return AttributeTest(name=name, **read_fields(tests, _TESTS, place))


def _texts(value: object, place: str) -> Texts:
    return Texts(texts=many(text)(value, place))


_OWN = {"not": "not_"}  # a word of Python
_PARTS = {"all": _conditions, "any": _conditions, "not": _condition}
_TESTS = {
    "equals": text,
    "one_of": _texts,
    "prefix": text,
    "at_least": number,
    "at_most": number,
    "is_present": flag,
}
_VARIANT = {"name": text, "title": text, "weight": number, "parameters": by_key(_parameter)}
_METRIC = {
    "name": text,
    "title": text,
    "kind": choice(MetricKind),
    "role": choice(MetricRole),
    "direction": choice(Direction),
    "aggregation": choice(Aggregation),
    "quantile": number,
    "margin": number,
    "winsorize_lower": number,
    "winsorize_upper": number,
    "uses_pre_period": flag,
    "attribution_window": span,
    "missing": choice(MissingOutcome),
    "source": choice(OutcomeSource),
}
_ALLOCATION = {
    "algorithm": choice(Algorithm),
    "epsilon": number,
    "floor": number,
    "discount": number,
    "batch_units": whole_number,
    "sticky_ttl": span,
}
_STOPPING = {
    "alpha": number,
    "min_units": whole_number,
    "min_duration": span,
    "max_units": whole_number,
    "max_duration": span,
    "continues_after_winner": flag,
    "continues_after_harm": flag,
}
_EXPERIMENT = {
    "id": text,
    "title": text,
    "hypothesis": text,
    "unit": choice(UnitKind),
    "layer": text,
    "layer_share": number,
    "holdout": number,
    "traffic": number,
    "variants": many(message(Variant, _VARIANT)),
    "metrics": many(message(Metric, _METRIC)),
    "allocation": message(Allocation, _ALLOCATION),
    "stopping": message(StoppingRule, _STOPPING),
    "targeting": _condition,
}
