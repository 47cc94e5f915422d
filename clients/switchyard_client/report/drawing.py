"""Pictures as files."""

import io
from collections.abc import Callable, Sequence

from matplotlib.axes import Axes

from switchyard_client.report.look import new_figure

Draw = Callable[[Axes], None]


def drawn(draws: Sequence[Draw], form: str = "png") -> bytes:
    """The pictures below each other, as PNG or SVG."""
    figure, panels = new_figure(len(draws))
    for draw, axes in zip(draws, panels, strict=True):
        draw(axes)
    file = io.BytesIO()
    # Without the time of drawing: the same results make the same picture.
    figure.savefig(file, format=form, metadata={"Date": None} if form == "svg" else None)
    return file.getvalue()
