"""Text to sentences, without the lines that say nothing of the matter."""

import re

# Replacing and splitting lines takes a fifth of the time of a regular expression that does both.
_ENDS = (". ", "! ", "? ", "\u2026 ", "\u3002")
_GREETING_OR_SIGNATURE = re.compile(
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|greetings|to whom it may concern)"
    r"\b[^.!?\n]{0,30}[,.!:]?$"
    r"|(?:(?:kind|best|warm|many|with) (?:kind |best )?(?:regards|wishes|thanks)|regards|sincerely"
    r"|yours|cheers|thanks|thank you|thx|sent from my|--|__)[^.!?\n]{0,40}[,.!]?$",
    re.IGNORECASE,
)
_LONGEST_FRAME = 60  # characters
_QUOTED = (">", "|", "-----", "_____", "From:", "Sent:", "To:", "Subject:")


def split_sentences(text: str) -> list[str]:
    """The sentences in order, white space stripped, none empty."""
    for end in _ENDS:
        text = text.replace(end, f"{end}\n")
    return [sentence for line in text.splitlines() if (sentence := line.strip())]


def is_frame(sentence: str) -> bool:
    """Whether it only frames the matter: a greeting, a signature, a quoted line, a mail header."""
    if sentence.startswith(_QUOTED) or not any(map(str.isalnum, sentence)):
        return True
    if len(sentence) > _LONGEST_FRAME:
        return False
    return _GREETING_OR_SIGNATURE.match(sentence) is not None
