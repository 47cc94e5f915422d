"""What is read of a provider's answer, whatever it holds."""

from collections.abc import Mapping
from typing import Any

import pytest

from server.engines.llm.completion import Token
from server.engines.llm.dialect import Gathering, read_completion
from server.engines.llm.errors import ProviderError

TOKEN = Token("a", -0.5, (("b", -9999.0),))
GOOD_TOKEN = {"token": "a", "logprob": -0.5, "top_logprobs": [{"token": "b", "logprob": -9999.0}]}


def body(content: object = "said", **more: object) -> Mapping[str, Any]:
    """A whole answer, with more in it."""
    return {"choices": [{"message": {"content": content}, "finish_reason": "stop"}], **more}


def with_tokens(*tokens: object) -> Mapping[str, Any]:
    """A whole answer that tells its tokens."""
    choice = {"message": {"content": "said"}, "logprobs": {"content": [*tokens]}}
    return {"choices": [choice]}


@pytest.mark.parametrize("told", ["abc", "5", -1_000_000, 10**30, 10**9 + 1, 2.5, True, None, [1]])
def test_a_count_that_cannot_be_true_is_not_believed(told: object) -> None:
    usage = {"prompt_tokens": told, "completion_tokens": told}
    found = read_completion(body(usage=usage))
    assert (found.input_tokens, found.output_tokens) == (0, 0)


@pytest.mark.parametrize("usage", [[1], "abc", 7, None])
def test_usage_of_another_make_tells_nothing(usage: object) -> None:
    assert read_completion(body(usage=usage)).input_tokens == 0


def test_counts_that_can_be_true_are_believed() -> None:
    found = read_completion(body(usage={"prompt_tokens": 10**9, "completion_tokens": 7}))
    assert (found.input_tokens, found.output_tokens) == (10**9, 7)


@pytest.mark.parametrize("content", [[{"a": 1}], {"a": 1}, 7, True])
def test_content_that_is_no_text_is_unreadable(content: object) -> None:
    with pytest.raises(ProviderError, match="unreadable"):
        read_completion(body(content))


@pytest.mark.parametrize(
    "odd",
    [
        {"token": None, "logprob": "x"},
        {"token": "a", "logprob": None},
        {"token": "a", "logprob": float("nan")},
        {"token": "a", "logprob": -(10**400)},
        {"token": 3, "logprob": -1.0},
        {"token": "a", "logprob": -1.0, "top_logprobs": [{"token": 3, "logprob": None}]},
        {"token": "a", "logprob": -1.0, "top_logprobs": 5},
        None,
    ],
)
def test_an_answer_with_an_odd_token_stands_and_tells_those_before_it(odd: object) -> None:
    found = read_completion(with_tokens(GOOD_TOKEN, odd, GOOD_TOKEN))
    assert (found.text, [*found.tokens]) == ("said", [TOKEN])


@pytest.mark.parametrize("odd", [None, [], "abc", {}, {"content": None}, {"content": 5}])
def test_an_answer_whose_tokens_are_of_another_make_stands_and_tells_none(odd: object) -> None:
    choice = {"message": {"content": "said"}, "logprobs": odd}
    found = read_completion({"choices": [choice]})
    assert (found.text, [*found.tokens]) == ("said", [])


def test_tokens_of_an_answer_in_pieces_are_told_one_after_the_other() -> None:
    gathering = Gathering("stop")
    for _ in range(2):
        delta = {"choices": [{"delta": {"content": "a"}, "logprobs": {"content": [GOOD_TOKEN]}}]}
        gathering.add(delta)
    assert [*gathering.completion().tokens] == [TOKEN, TOKEN]


def test_good_tokens_are_told() -> None:
    found = read_completion(with_tokens(GOOD_TOKEN))
    assert [*found.tokens] == [TOKEN]
