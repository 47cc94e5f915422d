"""The one to three sentences of a ticket that tell most, in its own words."""

import re
from collections.abc import Sequence

from server.engines.embedded.sentences import is_frame

SUMMARY_CHARACTERS = 400
_MOST_SENTENCES = 3
_READ_SENTENCES = 12  # the matter comes early
_DIGIT = re.compile(r"\d")
_TELLING_WORDS = (
    "account broken can can't cancel cancelled cannot cant charged could crash crashes deliver "
    "delivered delivery didn't doesn't doesnt down error fail failed fails how invoice instead "
    "locked log login lost missing need never order package paid parcel password please refund "
    "return still stuck unable want when where why won't wrong"
)
_TELLING = frozenset(_TELLING_WORDS.split())
_SHORT, _LONG = 20, 220  # characters of a sentence that still tells something by itself


def summarise(everything: Sequence[str]) -> str:
    """At most 400 characters of these sentences; empty only where there are none."""
    everything = everything[:_READ_SENTENCES]
    sentences = [sentence for sentence in everything if not is_frame(sentence)] or everything[:1]
    weights = [_weight(sentence, i) for i, sentence in enumerate(sentences)]
    ranked = sorted(range(len(sentences)), key=weights.__getitem__, reverse=True)
    chosen: list[int] = []
    room = SUMMARY_CHARACTERS
    for i in ranked:
        if len(sentences[i]) < room and len(chosen) < _MOST_SENTENCES:
            chosen.append(i)
            room -= len(sentences[i]) + 1
    if not chosen:
        return _shorten(sentences[ranked[0]]) if ranked else ""
    return " ".join(sentences[i] for i in sorted(chosen))


def _weight(sentence: str, position: int) -> float:
    """How much a sentence tells: trouble and wishes, facts, a question; the early first."""
    weight = 2.0 / (1 + position)
    weight += min(3, len(_TELLING.intersection(sentence.lower().split())))
    weight += 0.5 * (_DIGIT.search(sentence) is not None) + 0.5 * sentence.endswith("?")
    return weight - (len(sentence) < _SHORT) - (len(sentence) > _LONG)


def _shorten(sentence: str) -> str:
    """The beginning of a sentence that is too long, cut between words where it can be."""
    cut = sentence[: SUMMARY_CHARACTERS - 1]
    return (cut.rpartition(" ")[0] or cut).rstrip(" ,;:") + "\u2026"
