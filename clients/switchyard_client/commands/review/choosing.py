"""One of many names, chosen by its number or by a part of it."""

from collections.abc import Sequence


def matches(names: Sequence[str], text: str) -> list[str]:
    """The names that a text may mean: by its number, as a whole, as a beginning, as a part.

    One: that is it. None: there is no such name.
    """
    wanted = text.strip().casefold()
    if wanted.isdecimal():
        return [names[int(wanted) - 1]] if 0 < int(wanted) <= len(names) else []
    if wanted in names:
        return [wanted]
    by_beginning = [name for name in names if name.startswith(wanted)]
    return by_beginning or [name for name in names if wanted in name]
