"""Experiments as TOML files."""

import re
from datetime import timedelta
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from switchyard_client import (
    Algorithm,
    AttributeTest,
    Condition,
    Conditions,
    Direction,
    MetricRole,
    MissingOutcome,
    ParameterValue,
    Texts,
    UnitKind,
)
from switchyard_client.experiment_files import InvalidExperimentFile, load_experiment

EXAMPLE = files("switchyard_client.commands.experiment").joinpath("example.toml").read_text("utf-8")


def test_the_example_is_read_whole() -> None:
    draft = load_experiment(EXAMPLE)
    made = draft.experiment
    assert draft.experiment_id == "lower-threshold"
    assert (made.unit, made.layer) == (UnitKind.CUSTOMER, "triage")
    assert made.metrics[0].missing is MissingOutcome.FAILURE
    assert made.metrics[1].role is MetricRole.GUARDRAIL
    assert made.stopping is not None
    assert made.stopping.min_duration == timedelta(days=7)
    assert made.allocation is not None
    assert made.allocation.algorithm is Algorithm.FIXED


def test_the_example_enrols_everybody() -> None:
    made = load_experiment(EXAMPLE).experiment
    assert (made.layer_share, made.traffic, made.holdout, made.targeting) == (0, None, 0, None)


def test_what_the_example_shows_as_comments_is_valid_too() -> None:
    choices = re.sub(r"^# (?=\w+ = |\[|\]|   )", "", EXAMPLE, flags=re.MULTILINE)
    made = load_experiment(choices).experiment
    assert (made.layer_share, made.traffic) == (0.5, 0.2)
    assert made.targeting is not None
    assert len(made.targeting.all.conditions if made.targeting.all else ()) == 2
    assert made.metrics[0].direction is Direction.MAXIMIZE
    assert made.allocation is not None
    assert made.allocation.sticky_ttl == timedelta(days=30)


def test_parameters_keep_their_types() -> None:
    draft = load_experiment(
        'id = "x"\n[[variants]]\nname = "a"\n'
        'parameters = { model = "m", temperature = 0.2, most = 3, is_short = true }'
    )
    assert draft.experiment.variants[0].parameters == {
        "model": ParameterValue(text="m"),
        "temperature": ParameterValue(number=0.2),
        "most": ParameterValue(integer=3),
        "is_short": ParameterValue(flag=True),
    }


def test_variants_without_weights_share_equally() -> None:
    draft = load_experiment('id = "x"\n' + '[[variants]]\nname = "a"\n' * 3)
    assert [variant.weight for variant in draft.experiment.variants] == [1 / 3] * 3


def test_a_weight_of_0_is_not_filled_up() -> None:
    draft = load_experiment(
        'id = "x"\n[[variants]]\nname = "a"\nweight = 1.0\n[[variants]]\nname = "b"\n'
    )
    assert [variant.weight for variant in draft.experiment.variants] == [1.0, 0.0]


def test_conditions_nest() -> None:
    draft = load_experiment(
        'id = "x"\n[targeting]\nall = [{ attribute = "age", at_least = 18 }, '
        '{ not = { any = [{ attribute = "plan", one_of = ["pro", "max"] }] } }]'
    )
    plan = Condition(attribute=AttributeTest(name="plan", one_of=Texts(texts=["pro", "max"])))
    age = Condition(attribute=AttributeTest(name="age", at_least=18.0))
    other = Condition(not_=Condition(any=Conditions(conditions=[plan])))
    assert draft.experiment.targeting == Condition(all=Conditions(conditions=[age, other]))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "id: is missing"),
        ("id = ", "is no TOML"),
        ("id = " + "9" * 5000, "is no TOML"),
        ('id = "x"\na = ' + "[" * 10_000, "nested too deeply"),
        ('id = "x"\ntrafic = 1', "the file: there is no 'trafic', only id, title"),
        ("id = 7", "id: must be text in quotes, not a number"),
        ('id = "x"\ntraffic = "all"', "traffic: must be a number, not text"),
        ('id = "x"\ntraffic = true', "traffic: must be a number, not true or false"),
        ('id = "x"\ntraffic = nan', "traffic: must be a number, not nan"),
        ('id = "x"\nlayer = 2026-11-01', "layer: must be text in quotes, not a time"),
        ('id = "x"\nvariants = 2', "variants: must be a list, not a number"),
        ('id = "x"\nvariants = [2]', r"variants\[0\]: must be a table, not a number"),
        ('id = "x"\n[[variants]]\nwieght = 1', r"variants\[0\]: there is no 'wieght'"),
        (
            'id = "x"\n[[variants]]\nparameters = { a = [1] }',
            r"variants\[0\].parameters.a: must be a number, not a list",
        ),
        (
            'id = "x"\n[[variants]]\nparameters = { a = 9223372036854775808 }',
            r"variants\[0\].parameters.a: is too large",
        ),
        (
            'id = "x"\n[[metrics]]\nkind = "rate"',
            r"metrics\[0\].kind: must be one of binary, mean, ratio, quantile",
        ),
        (
            'id = "x"\n[stopping]\nmin_units = 2.5',
            "stopping.min_units: must be a whole number",
        ),
        ('id = "x"\n[stopping]\nmin_duration = "week"', "stopping.min_duration: 'week' is no time"),
        (
            'id = "x"\n[stopping]\ncontinues_after_harm = 1',
            "stopping.continues_after_harm: must be true or false",
        ),
        ('id = "x"\n[targeting]\n', "targeting: must hold `attribute` and a test, or one of"),
        ('id = "x"\n[targeting]\nattribute = "a"', "targeting: must hold one test"),
        (
            'id = "x"\n[targeting]\nattribute = "a"\nat_least = 1\nat_most = 2',
            "targeting: must hold one test",
        ),
        (
            'id = "x"\n[targeting]\nnot = { attribute = "a", equals = 1 }',
            "targeting.not.equals: must be text",
        ),
        (
            'id = "x"\n[targeting]\nany = [{ attribute = "a", like = "b" }]',
            r"targeting.any\[0\]: there is no 'like', only equals, one_of",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(content: str, words: str) -> None:
    with pytest.raises(InvalidExperimentFile, match=words):
        load_experiment(content)


@given(st.text(max_size=200))
def test_no_text_raises_anything_else(content: str) -> None:
    try:
        load_experiment(f'id = "x"\n{content}')
    except InvalidExperimentFile:
        return
