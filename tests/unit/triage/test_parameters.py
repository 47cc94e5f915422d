"""What experiments may change about triage, and what this server can serve of it."""

from dataclasses import replace

import pytest

from server.experiments.experiment import (
    Design,
    Metric,
    MetricKind,
    Parameter,
    Parameters,
    Role,
    Source,
    Variant,
)
from server.triage.engine import Terms
from server.triage.parameters import (
    Offer,
    TriageParameters,
    faults_of,
    parameter_faults,
    read_parameters,
)
from server.violation import FieldViolation

OFFER = Offer(frozenset({"groq", "local"}), frozenset({"triage-1", "triage-2"}))
NOTHING = Offer()
ALONE = "must be left out: this server has no language models"
METRIC = Metric("solved", MetricKind.BINARY, Role.PRIMARY, source=Source.TRIAGE_AUTOMATIC)


def design(**parameters: Parameter) -> Design:
    """An experiment of triage whose second variant has these parameters."""
    variants = (Variant("a", 0.5), Variant("b", 0.5, parameters))
    return Design(variants, (METRIC,), layer="triage")


def test_what_is_not_stated_is_left_to_the_server() -> None:
    parameters = read_parameters({})
    assert parameters.may_ask
    assert parameters.terms == Terms()
    assert parameters.automatic_min_confidence is None


def test_parameters_say_who_is_asked_and_how() -> None:
    stated: Parameters = {"engine": "llm", "model": "groq", "prompt": "triage-2", "temperature": 1}
    assert faults_of(stated, OFFER) == {}
    assert read_parameters(stated).terms == Terms("groq", "triage-2", 1)


def test_the_embedded_engine_asks_nobody() -> None:
    assert not TriageParameters(engine="embedded").may_ask


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("engine", "gpt", "must be one of embedded, llm, as a text"),
        ("engine", True, "must be one of embedded, llm, as a text"),
        ("model", "gpt-5", "must be one of groq, local, as a text"),
        ("prompt", "../triage-1", "must be one of triage-1, triage-2, as a text"),
        ("prompt", 1, "must be one of triage-1, triage-2, as a text"),
        ("temperature", 2.1, "must be a number from 0 to 2"),
        ("temperature", "0.5", "must be a number from 0 to 2"),
        ("temperature", True, "must be a number from 0 to 2"),
        ("temperature", float("nan"), "must be a number from 0 to 2"),
        ("automatic_min_confidence", -0.1, "must be a number from 0 to 1"),
        ("automatic_min_confidence", 2, "must be a number from 0 to 1"),
        (
            "treshold",
            0.5,
            "must be left out: triage knows engine, model, prompt, temperature,"
            " automatic_min_confidence",
        ),
    ],
)
def test_a_wrong_parameter_is_named_with_what_it_must_be(
    name: str, value: Parameter, rule: str
) -> None:
    expected = [FieldViolation(f"variants[1].parameters[{name}]", rule)]
    assert parameter_faults(design(**{name: value}), OFFER) == expected


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("engine", "llm", "must be one of embedded, as a text"),
        ("model", "groq", ALONE),
        ("prompt", "triage-1", ALONE),
        ("temperature", 0.5, ALONE),
    ],
)
def test_without_models_nothing_is_said_about_them(name: str, value: Parameter, rule: str) -> None:
    assert faults_of({name: value}, NOTHING) == {name: rule}


def test_a_threshold_needs_no_models() -> None:
    assert parameter_faults(design(engine="embedded", automatic_min_confidence=0.7), NOTHING) == []


def test_a_variant_that_asks_no_model_says_nothing_about_them() -> None:
    rule = "must be left out: engine embedded asks no model"
    faults = parameter_faults(design(engine="embedded", model="groq", temperature=0), OFFER)
    assert faults == [
        FieldViolation("variants[1].parameters[model]", rule),
        FieldViolation("variants[1].parameters[temperature]", rule),
    ]


def test_costs_are_measured_where_there_are_any() -> None:
    cost = Metric("cost", MetricKind.MEAN, source=Source.TRIAGE_COST)
    costly = replace(design(), metrics=(METRIC, cost))
    rule = "must not be the cost: this server has no language models"
    assert parameter_faults(costly, OFFER) == []
    assert parameter_faults(costly, NOTHING) == [FieldViolation("metrics[1].source", rule)]


def test_other_layers_have_parameters_of_their_own() -> None:
    assert parameter_faults(replace(design(colour="red"), layer="checkout"), NOTHING) == []
