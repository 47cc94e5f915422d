"""Shares as people write them."""

import click


def read_share(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
    """Reads a share: 2%, 2 %, or 0.02."""
    return None if text is None else parse_share(text)


def parse_share(text: str) -> float:
    """The share of such a text, 0 to 1. Raises click.BadParameter."""
    number = text.strip().removesuffix("%")
    try:
        share = float(number) / (100 if "%" in text else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise click.BadParameter(f"{text!r} is no share such as 2% or 0.02")
    return round(share, 12)
