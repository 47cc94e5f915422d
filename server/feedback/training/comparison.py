"""Whether a new model is no worse than the one that answers, on labels that taught neither."""

from collections.abc import Sequence

from server.statistics.paired import lower_difference
from server.triage.models.model import Comparison

MARGIN = 0.02  # accuracy that a model may lose and still be called no worse
FEWEST = 10  # labels to compare on


def compare(this_right: Sequence[bool], other_right: Sequence[bool], other: int) -> Comparison:
    """The comparison of two models label by label. `other` is the other model's version."""
    pairs = list(zip(this_right, other_right, strict=True))
    both, ours = pairs.count((True, True)), pairs.count((True, False))
    theirs = pairs.count((False, True))
    lower = lower_difference(len(pairs), ours, theirs)
    return Comparison(
        other_version=other,
        labels=len(pairs),
        both_right=both,
        only_this_right=ours,
        only_other_right=theirs,
        difference=(ours - theirs) / len(pairs),
        lower=lower,
        margin=MARGIN,
        is_no_worse=lower > -MARGIN,
    )


def may_answer(comparison: Comparison | None) -> bool:
    """Whether the new model may take over by itself: it is right at least as often, or shown to be
    no worse. None: there was nothing to compare on.
    """
    return comparison is not None and (comparison.is_no_worse or comparison.difference >= 0)
