"""How sure a category is, whatever the pieces in which a model writes it."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.engines.llm.completion import Completion, Finish, Token
from server.engines.llm.confidence import (
    Calibration,
    predict,
    probability_of,
    token_probabilities,
)
from server.triage.assessment import Prediction
from tests.unit.llm.answers import completion

NAMES = ("billing", "bill", "bugs", "refund")
TEXT = '{"category":"billing","priority":"low"}'
UNSURE = Prediction("billing", 0.4, (("refund", 0.3),))
Alternatives = tuple[tuple[str, float], ...]


def tokens(text: str, *pieces: str, **told: tuple[float, Alternatives]) -> Completion:
    """An answer in these pieces, `told` of some of them: their probability, and what else."""
    made = [_token(piece, *told.get(piece.strip('"{}:, '), (1.0, ()))) for piece in pieces]
    return completion(text, Finish.STOP, *made)


def _token(text: str, probability: float, others: Alternatives) -> Token:
    logged = tuple((other, math.log(p)) for other, p in others)
    return Token(text, math.log(probability), logged)


def named(category: str, answer: Completion) -> Mapping[str, float] | None:
    return token_probabilities(category, answer, NAMES)


def shares(answer: Completion, written: str = "billing") -> dict[str, float]:
    """The probabilities that are told, those of zero left out."""
    told = token_probabilities(written, answer, NAMES)
    assert told is not None
    assert sum(told.values()) == pytest.approx(1)
    return {name: round(p, 6) for name, p in told.items() if p}


def test_a_name_in_one_token_has_that_tokens_probability() -> None:
    told = {"billing": (0.7, (("refund", 0.2), ("bugs", 0.1)))}
    answer = tokens(TEXT, '{"category":"', "billing", '","priority":"low"}', **told)
    assert shares(answer) == {"billing": 0.7, "refund": 0.2, "bugs": 0.1}


def test_a_name_in_several_tokens_has_their_product() -> None:
    told = {"bil": (0.8, (("ref", 0.2),)), "ling": (0.5, (("l", 0.5),))}
    answer = tokens(TEXT, '{"category":"', "bil", "ling", '","priority":"low"}', **told)
    # "bill" may become either name that begins so: each has half of 0.8 * 0.5.
    assert shares(answer) == {"billing": 0.6, "bill": 0.2, "refund": 0.2}


def test_a_name_that_goes_on_where_another_ends_is_told_from_it() -> None:
    text = '{"category":"bill","priority":"low"}'
    made = [
        _token('{"category":"', 1.0, ()),
        _token("bill", 1.0, ()),
        _token('","priority":"low"}', 0.6, (("ing", 0.4),)),
    ]
    found = token_probabilities("bill", completion(text, Finish.STOP, *made), NAMES)
    assert found is not None
    assert found["bill"] == pytest.approx(0.6)
    assert found["billing"] == pytest.approx(0.4)


@pytest.mark.parametrize("lead", ['{"category":"', '"category":"', ':"', '"'])
def test_a_token_that_begins_before_the_name_counts_with_its_alternatives(lead: str) -> None:
    before = TEXT[: TEXT.index("billing") - len(lead)]
    made = [_token(before, 1.0, ())] if before else []
    made += [
        _token(f"{lead}billing", 0.75, ((f"{lead}refund", 0.25),)),
        _token('","priority":"low"}', 1.0, ()),
    ]
    assert shares(completion(TEXT, Finish.STOP, *made)) == {"billing": 0.75, "refund": 0.25}


def test_an_alternative_to_the_quote_may_hold_a_name() -> None:
    told = {"": (0.5, (('"refund', 0.5),))}
    answer = tokens(TEXT, '{"category":', '"', "billing", '","priority":"low"}', **told)
    assert shares(answer) == {"billing": 0.5, "refund": 0.5}


def test_a_token_that_goes_on_after_the_name_counts_whole() -> None:
    told = {'billing","priority': (0.9, (('refund","', 0.1),))}
    answer = tokens(TEXT, '{"category":"', 'billing","priority', '":"low"}', **told)
    assert shares(answer) == {"billing": 0.9, "refund": 0.1}


@pytest.mark.parametrize("other", [" ", "", "\n  ", "zebra", '"', 'xx"', "billings", "\\"])
def test_alternatives_that_begin_no_name_are_left_out_of_account(other: str) -> None:
    told = {"billing": (0.5, ((other, 0.3), ("refund", 0.1)))}
    answer = tokens(TEXT, '{"category":"', "billing", '","priority":"low"}', **told)
    assert shares(answer)["refund"] == pytest.approx(0.1 / 0.6, abs=1e-6)


def test_white_space_before_the_name_changes_nothing() -> None:
    text = '{\n  "category" : "billing"}'
    told = {"billing": (0.7, (("refund", 0.3),))}
    answer = tokens(text, "{\n ", ' "category"', " :", ' "', "billing", '"}', **told)
    assert shares(answer) == {"billing": 0.7, "refund": 0.3}


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (TEXT, ()),
        (TEXT, ('{"category":"', "billing")),
        (TEXT, ('{"category":"', "refund", '","priority":"low"}')),
        ('{"priority":"low"}', ('{"priority":"low"}',)),
        ('{"category":"bugs"}', ('{"category":"bugs"}',)),
        ('{"category":"b\\u0069lling"}', ('{"category":"b\\u0069lling"}',)),
        ('{"category":"bugs","category":"billing"}', ('{"category":"bugs","category":"billing"}',)),
    ],
    ids=["no tokens", "cut off", "other text", "no category", "other", "escaped", "twice"],
)
def test_probabilities_that_cannot_be_told_are_not_made_up(
    text: str, pieces: Sequence[str]
) -> None:
    assert token_probabilities("billing", tokens(text, *pieces), NAMES) is None


def test_tokens_after_the_name_may_be_of_any_make() -> None:
    """Providers tell letters that are split over tokens in a way of their own."""
    answer = tokens(TEXT, '{"category":"', "billing", '"', "\\xe2\\x80")
    assert shares(answer) == {"billing": 1.0}


def test_a_token_that_was_impossible_tells_nothing() -> None:
    made = [Token('{"category":"', 0.0), Token("billing", -9999.0), Token('","priority":', 0.0)]
    assert token_probabilities("billing", completion(TEXT, Finish.STOP, *made), NAMES) is None


@given(st.data())
def test_however_a_name_is_cut_its_probability_is_the_product(data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, len(TEXT) - 1))))
    logprob = st.floats(-3, 0)
    bounds = [0, *cuts, len(TEXT)]
    made = [
        Token(TEXT[a:b], data.draw(logprob), (("\n", data.draw(logprob)),))
        for a, b in pairwise(bounds)
    ]
    found = token_probabilities("billing", completion(TEXT, Finish.STOP, *made), NAMES)
    assert found is not None
    assert sum(found.values()) == pytest.approx(1)
    assert found["billing"] == pytest.approx(1)


def test_both_readers_make_the_confidence() -> None:
    told = {"billing": (0.9, (("refund", 0.1),))}
    answer = tokens(TEXT, '{"category":"', "billing", '","priority":"low"}', **told)
    agreed = predict(
        "billing", named("billing", answer), Prediction("billing", 0.9), NAMES, Calibration()
    )
    opposed = predict(
        "billing", named("billing", answer), Prediction("refund", 0.9), NAMES, Calibration()
    )
    assert agreed.confidence > 0.9 > opposed.confidence


def test_the_surest_category_of_both_readers_is_the_answer() -> None:
    told = {"billing": (0.6, (("refund", 0.4),))}
    answer = tokens(TEXT, '{"category":"', "billing", '","priority":"low"}', **told)
    second = Prediction("refund", 0.9)
    found = predict("billing", named("billing", answer), second, NAMES, Calibration())
    assert found.label == "refund"
    assert found.runners_up[0][0] == "billing"


def test_the_weight_says_whom_to_believe() -> None:
    told = {"billing": (0.9, (("refund", 0.1),))}
    answer = tokens(TEXT, '{"category":"', "billing", '","priority":"low"}', **told)
    model_alone = predict(
        "billing", named("billing", answer), UNSURE, NAMES, Calibration(weight=1.0)
    )
    second_alone = predict(
        "billing", named("billing", answer), UNSURE, NAMES, Calibration(weight=0.0)
    )
    assert model_alone.confidence == pytest.approx(0.9, abs=1e-4)
    assert second_alone.confidence == pytest.approx(0.4, abs=1e-4)


def test_a_higher_temperature_is_less_sure() -> None:
    told = {"billing": (0.9, (("refund", 0.1),))}
    answer = tokens(TEXT, '{"category":"', "billing", '","priority":"low"}', **told)
    cool = predict("billing", named("billing", answer), UNSURE, NAMES, Calibration(1.0, 1.0))
    warm = predict("billing", named("billing", answer), UNSURE, NAMES, Calibration(1.0, 3.0))
    assert warm.confidence < cool.confidence


def test_without_tokens_the_second_reader_alone_says_how_sure_it_is() -> None:
    found = predict("refund", named("refund", completion(TEXT)), UNSURE, NAMES, Calibration())
    assert found.label == "refund"
    assert found.confidence == pytest.approx(0.3)


def test_what_a_model_has_ruled_out_is_no_runner_up() -> None:
    found = predict("refund", None, UNSURE, NAMES, Calibration())
    assert "billing" not in dict(found.runners_up)


@given(
    st.sampled_from(NAMES),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0.01, 1),
    st.floats(0.2, 5),
)
def test_a_prediction_never_sums_to_more_than_one(
    second: str, sure: float, weight: float, probability: float, temperature: float
) -> None:
    told = {"billing": (probability, (("refund", 0.5),))}
    answer = tokens(TEXT, '{"category":"', "billing", '","priority":"low"}', **told)
    calibration = Calibration(weight, temperature)
    found = predict(
        "billing", named("billing", answer), Prediction(second, sure), NAMES, calibration
    )
    assert 0 <= found.confidence <= 1
    assert found.confidence + sum(p for _, p in found.runners_up) <= 1 + 1e-9
    assert found.label not in dict(found.runners_up)
    assert all(p <= found.confidence for _, p in found.runners_up)


def test_a_label_that_was_not_predicted_has_the_probability_of_a_runner_up() -> None:
    assert probability_of("billing", UNSURE) == 0.4
    assert probability_of("refund", UNSURE) == 0.3
    assert probability_of("bugs", UNSURE) == 0.0
