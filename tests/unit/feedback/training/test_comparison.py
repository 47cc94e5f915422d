"""Which models take over."""

from server.feedback.training.comparison import compare, may_answer

RIGHT, WRONG = True, False


def test_labels_are_counted_by_who_was_right() -> None:
    found = compare([RIGHT, RIGHT, WRONG, WRONG], [RIGHT, WRONG, RIGHT, WRONG], other=3)
    assert (found.both_right, found.only_this_right, found.only_other_right) == (1, 1, 1)
    assert (found.other_version, found.labels, found.difference) == (3, 4, 0.0)


def test_a_model_that_is_better_on_many_labels_is_no_worse() -> None:
    found = compare([RIGHT] * 300, [WRONG] * 30 + [RIGHT] * 270, other=0)
    assert found.is_no_worse
    assert may_answer(found)


def test_a_model_that_is_as_good_on_few_labels_answers_without_being_shown_no_worse() -> None:
    found = compare([RIGHT] * 12, [RIGHT] * 12, other=0)
    assert not found.is_no_worse
    assert may_answer(found)


def test_a_model_that_is_worse_does_not_answer() -> None:
    assert not may_answer(compare([WRONG] * 20 + [RIGHT] * 180, [RIGHT] * 200, other=0))


def test_nothing_to_compare_on_is_no_reason_to_answer() -> None:
    assert not may_answer(None)
