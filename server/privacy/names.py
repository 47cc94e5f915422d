"""Names of people, where the words around them give them away."""

import re
from collections.abc import Iterator

from server.privacy.cues import at_words, cue, find_cues, phrases, words
from server.privacy.found import Found, Kind
from server.privacy.legible import Legible, words_of
from server.privacy.people import FIRST_NAMES, NO_NAMES, PARTICLES, may_be_small_name

_SPACE = r"[ \t]{1,3}"
# Before a name, in a text of small letters.
INTRODUCES = cue(
    """
    name myname fullname firstname lastname surname called heiße heisse appelle nom llamo nombre
    chiamo nome naam
    """,
    rf"(?:my(?: full| first| last| sur)?(?:{_SPACE})?name(?: is|'s|\u2019s)|i am called|the name is"
    rf"|(?:mein|der) name ist|ich heiße|ich heisse|je m'appelle|je m\u2019appelle|mon nom est"
    rf"|me llamo|mi nombre es|mi chiamo|il mio nome è|mijn naam is|meu nome é){_SPACE}",
)
_MAY_INTRODUCE = phrases(
    (
        *("i am", "i'm", "i\u2019m", "im", "this is", "it is", "it's"),
        *("ich bin", "je suis", "soy", "ik ben"),
    ),
    _SPACE,
)
_LABELS = re.compile(
    r"^[ \t>*•-]*(?:(?:full|first|last|family|given|sur|customer|account|contact|user"
    r"|card ?holder)?"
    r"[ '\u2019s]{0,3}name(?: on (?:the )?card)?|card ?holder|contact|from|to|cc|attn|attention"
    r"|nombre|nom|vorname|nachname)[ \t]*[:=][ \t]*\"?",
    re.MULTILINE,
)
_GREETS = re.compile(
    rf"^[ \t>]*(?:dear|hi|hello|hey|good (?:morning|afternoon|evening)|hallo|liebe[r]?|guten tag"
    rf"|sehr geehrte[r]?|bonjour|cher|chère|hola|estimad[oa]|ciao|gentile|beste"
    rf"|geachte|olá),?{_SPACE}",
    re.MULTILINE,
)
_SIGNS_OFF = phrases(
    (
        *("regards", "sincerely", "faithfully", "truly", "respectfully", "yours", "best", "wishes"),
        *("thanks", "thank you", "thx", "in advance", "very much", "so much", "a lot", "cheers"),
        *("grüße", "grüßen", "grüsse", "grüssen", "cordialement", "saludo", "saludos"),
        *("atentamente", "groet", "groeten", "saluti", "atenciosamente"),
    ),
    r"[,.!]*(?:\s{1,6}|[ \t]*--?[ \t]*)",
)
# All words of a line that does nothing but sign off.
_CLOSES = words("""
    regards sincerely faithfully truly respectfully yours best wishes thanks thank you thx
    cheers in advance very much so a lot many kind kindest warm warmest with my and mit
    freundlichen herzlichen vielen besten liebe viele grüße grüßen grüsse grüssen cordialement
    bien un saludo saludos atentamente met vriendelijke groet groeten cordiali saluti
    atenciosamente
    """)
_DASHES = re.compile(r"^--[ \t]{0,3}\r?\n", re.MULTILINE)  # before a signature
_TITLES = re.compile(
    r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Herrn?|Frau|Mme|Monsieur|Madame|Señora?|Sra?"
    r"|Sig|Signora?|Mevrouw|Meneer)(?:\. ?|[ \t])(?=[^\W\d_a-z])"
)

_SMALL_TITLES = phrases(("mr", "mrs"), r"(?:\. ?|[ \t])(?=[^\W\d_])")

_WORD = re.compile(
    r"[ \t]{0,2}([^\W\d_](?:[\w'\u2019-]{0,40}+)(?:(?<=\b\w)\.|(?<=\b[SJD][rt])\.)?)"
)
_MOST_WORDS = 5
_SPEAKS_ON = re.compile(
    r"[ \t]*(?:,|-|\u2013|\bfrom\b|\bspeaking\b|\bcalling\b|\bhere\b|\bwriting\b)"
)
_ENDS_GREETING = re.compile(r"[ \t]*(?:[,:;!.\u2013-]|$)", re.MULTILINE)
_ANYTHING = re.compile("")
_ENDS_LINE = re.compile(r"[ \t]*[,.|]?[ \t]*$", re.MULTILINE)
_COMMA = re.compile(r"[ \t]?,")
_MOST_SMALL = 2  # words in small letters behind a first name


def find_names(read: Legible) -> Iterator[Found]:
    """Names after "my name is", a title, a greeting or a label, and in signatures."""
    text = read.text
    for match in find_cues([INTRODUCES], read):
        yield from _name(text, match.end(), is_sure=True)
    for match in find_cues(_MAY_INTRODUCE, read):
        yield from _introduced(text, match.end())
    if ":" in text or "=" in text:
        for match in _LABELS.finditer(read.small):
            yield from _name(text, match.end(), is_sure="name" in match[0])
    for match in at_words(_TITLES, text):
        yield from _name(text, match.end())
    for match in find_cues(_SMALL_TITLES, read):
        yield from _small_word(text, match.end())
    for match in _GREETS.finditer(read.small):
        yield from _name(text, match.end(), before=_ENDS_GREETING)
        yield from _small_word(text, match.end(), before=_COMMA)
    yield from _signatures(read)


def _signatures(read: Legible) -> Iterator[Found]:
    """Names behind "Regards," and the like, and behind the dashes that begin a signature."""
    for match in find_cues(_SIGNS_OFF, read):
        yield from _name(read.text, match.end(), before=_ENDS_LINE, is_sure=_closes(match))
    if "--" in read.text:
        for match in _DASHES.finditer(read.text):
            yield from _name(read.text, match.end(), before=_ENDS_LINE, is_sure=True)


def _closes(match: re.Match[str]) -> bool:
    """Whether a line does nothing but sign off, and another follows."""
    if "\n" not in match[0]:
        return False
    begin = match.string.rfind("\n", 0, match.start()) + 1
    return words_of(match.string[begin : match.end()]) <= _CLOSES


def _introduced(text: str, start: int) -> Iterator[Found]:
    """A name of at least two words, a known one, or one that speaks on: "This is Jane from"."""
    for found in _name(text, start):
        name = text[found.start : found.end]
        is_known = name.lower() in FIRST_NAMES
        if " " in name or is_known or _SPEAKS_ON.match(text, found.end):
            yield found


def _name(
    text: str, start: int, *, is_sure: bool = False, before: re.Pattern[str] = _ANYTHING
) -> Iterator[Found]:
    """The name at `start`, where `before` follows it: capitalised words, and what may stand
    between them; in small letters where a name is sure to stand there, or the first is a known one.
    The known one alone is a name whatever follows.
    """
    first = _WORD.match(text, start)
    if first is None or first[1].lower() in NO_NAMES:
        return
    is_known = first[1].lower() in FIRST_NAMES
    end = _end_of_capitals(text, start)
    is_small = end <= start and (is_known or (is_sure and may_be_small_name(first[1])))
    if is_small or (is_sure and end == first.end(1)):
        end = _end_of_small_name(text, first.end(1))
    if end > start and before.match(text, end):
        yield Found(Kind.NAME, first.start(1), end)
    elif is_known:
        yield Found(Kind.NAME, *first.span(1))


def _end_of_capitals(text: str, start: int) -> int:
    """Where the capitalised words at `start` end; `start` where there are none."""
    position = end = start
    for _ in range(_MOST_WORDS):
        match = _WORD.match(text, position)
        if match is None or match[1].lower() in NO_NAMES:
            break
        is_name = not match[1][0].islower()
        if not is_name and match[1] not in PARTICLES:
            break
        position = match.end()
        end = position if is_name else end
    return end


def _end_of_small_name(text: str, end: int) -> int:
    """Where a name ends whose first word does at `end`, the others in small letters: the words
    that follow, or the first of them where so many follow that the sentence must go on.
    """
    ends = [end]
    position = end
    while len(ends) <= _MOST_SMALL + 1 and (word := _WORD.match(text, position)):
        if not may_be_small_name(word[1]):
            break
        position = word.end(1)
        if word[1] not in PARTICLES:
            ends.append(position)
    return ends[-1] if len(ends) <= _MOST_SMALL + 1 else ends[1]


def _small_word(text: str, start: int, *, before: re.Pattern[str] = _ANYTHING) -> Iterator[Found]:
    """The one word in small letters at `start`, where it may be a name."""
    word = _WORD.match(text, start)
    if word and word[1].islower() and may_be_small_name(word[1]) and before.match(text, word.end()):
        yield Found(Kind.NAME, *word.span(1))
