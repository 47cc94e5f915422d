"""How experiments share a layer: each has a part of [0, 1) for itself while it runs."""

from collections.abc import Iterable, Sequence

from server.experiments.errors import NotPossibleNow
from server.experiments.experiment import Experiment, Slice

_ROUNDING = 1e-9  # three thirds fill a layer


def claim(experiment: Experiment, neighbours: Sequence[Experiment]) -> Slice:
    """The part of its layer that an experiment gets.

    neighbours  the other experiments that have a part of the layer now
    Raises NotPossibleNow where no part is wide enough, or where they hold out another share.
    """
    _agree_on_holdout(experiment, neighbours)
    width = experiment.design.layer_share
    held = [(other.slice, other.name) for other in neighbours if other.slice is not None]
    found = free_slice(width, [part for part, _ in held])
    if found is None:
        raise NotPossibleNow(
            experiment.name,
            f'needs {width:.4g} of layer "{experiment.layer}" in one piece, and no such piece is '
            f"free: {_told(held)}. Stop one of them first, or take a smaller layer_share",
        )
    return found


def free_slice(width: float, taken: Iterable[Slice]) -> Slice | None:
    """The first part of [0, 1) of this width that overlaps no other. None: there is none."""
    start = 0.0
    for part in (*sorted(taken, key=lambda part: part.start), Slice(1.0, 1.0)):
        end = start + width
        if end <= part.start + _ROUNDING:
            is_flush = end > part.start - _ROUNDING
            return Slice(start, part.start if is_flush else end)
        start = max(start, part.end)
    return None


def _agree_on_holdout(experiment: Experiment, neighbours: Iterable[Experiment]) -> None:
    """Otherwise one of them would touch units that another promises to leave alone."""
    share = experiment.design.holdout
    for other in neighbours:
        if other.design.holdout != share:
            raise NotPossibleNow(
                experiment.name,
                f'holds {share:.4g} of layer "{experiment.layer}" out, and {other.name}, which '
                f"shares that layer, {other.design.holdout:.4g}: make holdout the same in both",
            )


def _told(held: Sequence[tuple[Slice, str]]) -> str:
    """Who has what, in words."""
    parts = sorted(held, key=lambda each: each[0].start)
    return ", ".join(f"{name} has {part.start:.4g} to {part.end:.4g}" for part, name in parts)
