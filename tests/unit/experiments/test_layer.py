"""How experiments share a layer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.experiments.errors import NotPossibleNow
from server.experiments.experiment import Experiment, Slice
from server.experiments.layer import claim, free_slice
from tests.unit.experiments.designs import design, draft


def holder(name: str, start: float, end: float, holdout: float = 0.0) -> Experiment:
    """An experiment that has this part of layer "checkout"."""
    wanted = design(layer="checkout", layer_share=end - start, holdout=holdout)
    return draft(name, wanted).changed(slice=Slice(start, end))


def wanting(share: float, holdout: float = 0.0) -> Experiment:
    return draft("new", design(layer="checkout", layer_share=share, holdout=holdout))


def test_an_empty_layer_gives_its_beginning() -> None:
    assert free_slice(0.3, []) == Slice(0.0, 0.3)


def test_the_first_gap_that_is_wide_enough_is_taken() -> None:
    taken = [Slice(0.7, 0.8), Slice(0.0, 0.25), Slice(0.35, 0.4)]
    assert free_slice(0.2, taken) == Slice(0.4, 0.6000000000000001)


def test_what_is_too_wide_for_every_gap_gets_none() -> None:
    assert free_slice(0.5, [Slice(0.25, 0.75)]) is None


@pytest.mark.parametrize("parts", [3, 7, 10, 49])
def test_equal_parts_fill_a_layer(parts: int) -> None:
    taken: list[Slice] = []
    for _ in range(parts):
        found = free_slice(1 / parts, taken)
        assert found is not None
        taken.append(found)
    assert taken[-1].end == 1.0


@given(st.lists(st.tuples(st.floats(0.001, 1.0), st.booleans()), max_size=40))
def test_slices_never_overlap_nor_leave_the_layer(claims: list[tuple[float, bool]]) -> None:
    taken: list[Slice] = []
    for width, is_given_back in claims:
        found = free_slice(width, taken)
        if found is not None:
            assert 0.0 <= found.start < found.end <= 1.0
            assert all(found.end <= part.start or part.end <= found.start for part in taken)
            taken.append(found)
        if is_given_back and taken:
            taken.pop(0)


def test_an_experiment_gets_what_its_neighbours_leave() -> None:
    neighbours = [holder("first", 0.0, 0.25), holder("second", 0.75, 1.0)]
    assert claim(wanting(0.5), neighbours) == Slice(0.25, 0.75)


def test_a_full_layer_says_who_has_what() -> None:
    neighbours = [holder("second", 0.6, 1.0), holder("first", 0.0, 0.5)]
    with pytest.raises(NotPossibleNow) as refused:
        claim(wanting(0.2), neighbours)
    assert refused.value.why == (
        'needs 0.2 of layer "checkout" in one piece, and no such piece is free: '
        "experiments/first has 0 to 0.5, experiments/second has 0.6 to 1. "
        "Stop one of them first, or take a smaller layer_share"
    )


def test_neighbours_that_hold_out_another_share_are_named() -> None:
    with pytest.raises(NotPossibleNow, match=r"experiments/first, which .* 0\.1: make holdout"):
        claim(wanting(0.2, holdout=0.05), [holder("first", 0.0, 0.5, holdout=0.1)])
