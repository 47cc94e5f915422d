"""Texts that nobody would write to a help desk, and somebody will."""

from hypothesis import strategies as st

HOSTILE_TEXTS = (
    "",
    " ",
    "\0",
    "\0a\0",
    "...!?",
    "\U0001f44d\U0001f3fd",
    "\u0645\u0631\u062d\u0628\u0627 \u0623\u064a\u0646 \u0637\u0644\u0628\u064a",
    "\u202eorder\u202c",
    "\ufdfa" * 2730,
    "a" * 65_536,
    "a" + " " * 65_000 + "b",
    "bad but " * 8_000,
    "not urgent " * 6_000,
    "order 1-" * 8_000,
    "!" * 65_536,
    "\n" * 65_536,
    ". " * 32_768,
    "\ud800 lone surrogate",
    "I\u0307stanbul \u0130\u0130\u0130 was hacked",
)

any_text = st.one_of(
    st.sampled_from(HOSTILE_TEXTS),
    st.text(st.characters(codec=None), max_size=300),
    st.text(st.sampled_from("ab .!?\n'$19\u2019-#"), max_size=200),
)
