"""The quick look at a text, its words and its number of digits, that spares most of the search."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.privacy.addresses import ANNOUNCES
from server.privacy.cues import Cue
from server.privacy.found import Found, settle
from server.privacy.identities import BORN, DOCUMENT
from server.privacy.legible import legible, words_of
from server.privacy.names import INTRODUCES
from server.privacy.redaction import find_personal, rules_for
from server.privacy.secrets import NAMED
from tests.unit.engines.hostile import any_text

CUES = (
    *("My name is", "I\u2019m", "This is", "ich bin", "Regards,\n", "a lot\n", "Dear", "Name:"),
    *("bearer", "Authorization: x", "password", "CVV2", "security code", "PIN:", "sk-", "?token="),
    *("my code is", "OTP", "482913 is my code", "password is"),
    *("address is", "Apt.", "rue", "Hauptstraße", "High Street", "SSN", "driver's license", "nie"),
    *("@", "%40", "[at]", '"a b"@', "::", ".", "\u0130", "\u00bd", "\u2019", "_", "+"),
)
VALUES = (
    *("Jane Doe", "jane", "Berlin", "hunter2", "a1b2c3d4e5f6g7h8i9j0k1l2", "example.com"),
    *("4111 1111 1111 1111", "676222165679", "GB82WEST12345698765432", "44051401359"),
    *("460-89-9847", "C01X00T47", "ABCDEFGH123", "86.121.97.248", "dead::1", "415 555 2671"),
    *("5552671", "5", "62704", "IL", "NW1 6XE"),
)
SEPARATORS = (" ", " ", " ", "", "\n", "\t", ", ", ": ", "-", "'", "\u00a0")
pieces = st.sampled_from((*CUES, *VALUES, *SEPARATORS * 3))
telling_text = st.one_of(st.lists(pieces, max_size=24).map("".join), any_text)


class EveryWord(frozenset[str]):
    """As if the text held every word."""

    def isdisjoint(self, _other: Iterable[object], /) -> bool:
        """Never."""
        return False


@given(telling_text)
def test_the_quick_look_hides_no_finding(text: str) -> None:
    assert find_personal(text) == _found_without_a_look(text)


@pytest.mark.parametrize("cue", CUES)
def test_the_quick_look_hides_nothing_beside_a_cue(cue: str) -> None:
    for value in VALUES:
        for text in (f"{cue} {value}", f"{cue}{value}", f"{value} is my {cue}", f"{value} {cue}"):
            assert find_personal(text) == _found_without_a_look(text)


@pytest.mark.parametrize("cue", [INTRODUCES, NAMED, ANNOUNCES, DOCUMENT, BORN])
@given(data=st.data())
@settings(max_examples=150)
def test_what_a_cue_matches_holds_one_of_its_words(cue: Cue, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(cue.pattern, fullmatch=True))
    assert not words_of(text).isdisjoint(cue.any_of) or "ausweis" in text


@given(telling_text)
def test_letters_beyond_ascii_change_no_other_word(text: str) -> None:
    assert words_of(f"{text} \u00e9") == words_of(text) | {"\u00e9"}


@given(any_text)
def test_every_small_letter_stands_in_its_place(text: str) -> None:
    read = legible(text)
    assert len(read.small) == len(read.text)


def _found_without_a_look(text: str) -> list[Found]:
    read = legible(text)
    unlooked = replace(read, words=EveryWord())
    return read.in_original(settle(found for rule, _ in rules_for("") for found in rule(unlooked)))
