"""The rising sequence that is nearest to one that should rise.

Ayer, Brunk, Ewing, Reid and Silverman (1955), "An empirical distribution function for sampling with
incomplete information": neighbours that fall are pooled.
"""

from collections.abc import Sequence


def rising(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The rising sequence nearest to `values` by squares, each weighted by a number above 0."""
    blocks: list[tuple[float, float, int]] = []  # mean, weight, length
    for value, weight in zip(values, weights, strict=True):
        blocks.append((value, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (mean, heavy, length), (other, light, more) = blocks[-2:]
            both = heavy + light
            blocks[-2:] = [((mean * heavy + other * light) / both, both, length + more)]
    return [mean for mean, _, length in blocks for _ in range(length)]
