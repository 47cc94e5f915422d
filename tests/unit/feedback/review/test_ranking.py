"""What people look at first: what tells most, each thing once, and audits in their own time."""

from collections.abc import Callable, Sequence

import numpy as np

from server.feedback.review.item import Candidate, Ranked
from server.feedback.review.likeness import Sketch, sketch_of
from server.feedback.review.ranking import ranked
from server.triage.review import ReviewReason

SPREAD = 0x9E3779B97F4A7C15F39D  # makes of numbers in a row some that look random
CARD = "My new card has not come and it has been two weeks"
TEXTS = (
    "Where do I change my address?",
    "The transfer to my sister has failed again",
    "How much is a second account",
    "Somebody has stolen my telephone",
)


def candidate(
    number: int, value: float = 0.5, reason: ReviewReason = ReviewReason.UNCERTAIN
) -> Candidate:
    return Candidate(f"{number:012x}{number * SPREAD % 2**80:020x}", reason, value)


def order(
    candidates: Sequence[Candidate],
    texts: Sequence[str] = (),
    in_hand: Sequence[Sketch] = (),
    most: int = 100,
    draw: Callable[[], float] = lambda: 0.99,
) -> list[Ranked]:
    texts = texts or [f"{number} {TEXTS[number % 4]}" for number in range(len(candidates))]
    return ranked(candidates, [sketch_of(text) for text in texts], in_hand, most, draw)


def ids(found: Sequence[Candidate | Ranked]) -> list[str]:
    return [one.run_id for one in found]


def test_nothing_waits_in_an_empty_queue() -> None:
    assert order([]) == []


def test_what_tells_more_comes_first() -> None:
    low, high, middle = candidate(1, 0.2), candidate(2, 0.8), candidate(3, 0.5)
    assert ids(order([low, high, middle])) == ids([high, middle, low])


def test_of_equal_ones_the_one_that_was_given_first_comes_first() -> None:
    one, other = candidate(1), candidate(2)
    assert ids(order([one, other])) == ids([one, other])


def test_one_that_stands_for_many_comes_before_one_of_a_kind() -> None:
    single, *many = candidate(1, 0.6), *(candidate(number) for number in range(2, 8))
    found = order([single, *many], [TEXTS[0], *[CARD] * 6])
    assert found[0].run_id == many[0].run_id
    assert (found[0].similar_waiting, found[1].similar_waiting) == (5, 0)


def test_its_likes_come_after_what_is_new() -> None:
    many = [candidate(number, 0.6) for number in range(3)]
    single = candidate(9, 0.3)
    found = order([*many, single], [*[CARD] * 3, TEXTS[0]])
    assert ids(found)[:2] == ids([many[0], single])


def test_what_somebody_has_in_hand_is_not_asked_twice_at_once() -> None:
    like, other = candidate(1, 0.6), candidate(2, 0.3)
    found = order([like, other], [CARD, TEXTS[0]], [sketch_of(f"{CARD}!")])
    assert ids(found) == ids([other, like])


def test_what_people_disagree_about_tells_more() -> None:
    sure, disputed = candidate(1), candidate(2, reason=ReviewReason.DISAGREEMENT)
    assert ids(order([sure, disputed])) == ids([disputed, sure])


def test_values_stay_within_their_range() -> None:
    wild = [candidate(1, 7.0), candidate(2, -1.0), candidate(3, 1.0), candidate(4, 0.0)]
    assert all(0 <= one.value <= 1 for one in order(wild, [CARD] * 4))


def test_about_every_third_is_an_audit() -> None:
    audits = [candidate(number, 0.9, ReviewReason.AUDIT) for number in range(300)]
    others = [candidate(number, 0.95) for number in range(300, 600)]
    found = order([*audits, *others], most=300, draw=np.random.default_rng(1).random)
    assert 70 < sum(one.reason is ReviewReason.AUDIT for one in found) < 130


def test_audits_come_in_an_order_that_depends_on_nothing_but_their_names() -> None:
    audits = [candidate(number, number / 9, ReviewReason.AUDIT) for number in range(9)]
    found = ids(order(audits))
    assert found == ids(order(audits[::-1]))
    assert found not in (ids(audits), ids(audits[::-1]))


def test_audits_come_where_nothing_else_waits() -> None:
    audits = [candidate(number, reason=ReviewReason.AUDIT) for number in range(3)]
    assert len(order(audits)) == 3


def test_everything_comes_once() -> None:
    kinds = [ReviewReason.AUDIT, ReviewReason.UNCERTAIN]
    waiting = [candidate(number, reason=kinds[number % 2]) for number in range(60)]
    found = ids(order(waiting, draw=np.random.default_rng(2).random))
    assert sorted(found) == sorted(ids(waiting))


def test_no_more_come_than_are_wanted() -> None:
    assert len(order([candidate(number) for number in range(20)], most=7)) == 7
