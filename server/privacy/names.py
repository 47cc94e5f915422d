"""Names of people, where the words around them give them away."""

import re
from collections.abc import Iterator

from server.privacy.cues import at_words, cue, find_cues, phrases, words
from server.privacy.found import Found, Kind
from server.privacy.legible import Legible

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
_TITLES = re.compile(
    r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Herrn?|Frau|Mme|Monsieur|Madame|Señora?|Sra?"
    r"|Sig|Signora?|Mevrouw|Meneer)(?:\. ?|[ \t])(?=[^\W\d_a-z])"
)

_WORD = re.compile(
    r"[ \t]{0,2}([^\W\d_](?:[\w'\u2019-]{0,40}+)(?:(?<=\b\w)\.|(?<=\b[SJD][rt])\.)?)"
)
_PARTICLES = words("van von de der den del della di da dos du la le bin ibn al el ter ten zu af y")
_MOST_WORDS = 5
_NO_NAMES = words("""
    i a an the my our your his her their this that these we you it is are was not no yes and or but
    please thanks thank hello hi hey dear sir madam sirs team support service services customer
    customers care help helpdesk desk all there everyone everybody folks guys friends again agent
    admin administrator moderator bot staff sales billing manager concern mr mrs ms miss dr prof
    herr frau damen herren und whom who what when where why how still just also so sorry order
    invoice ticket regards best kind wrong incorrect misspelled misspelt spelled spelt on in at
    missing now being correct listed shown registered different changed to from for of with
    """)
# First names that are no other words: they are known in small letters, too.
_FIRST_NAMES = words("""
    adam ahmed alan albert alex alexander alexandra ali alice amanda amy ana andrea andreas andrew
    angela anita ann anna anne anthony antonio barbara ben benjamin brian carla carlos carol
    carolina caroline catherine charles charlotte chris christian christina christine christopher
    claire claudia dan daniel daniela david deborah dennis diana diego donald dorothy edward elena
    elizabeth emily emma eric erik eva fatima fernando francesca francesco francisco frank gabriel
    gary george giovanni giulia gregory hannah hans heather helen henry ian ibrahim ines isabel
    ivan jack jacob james jan jane janet jason javier jean jeff jeffrey jennifer jeremy jessica jim
    joan joe johanna john jonathan jorge jose joseph joshua juan julia julian julie karen karl
    katherine kathleen kelly kevin kim klaus larry laura lauren laurent lea leon linda lisa louis
    lucas lucia luis luisa lukas manuel marco marcus margaret maria marie mario marta martin mary
    matthew max megan mehmet melissa michael michelle miguel mike mohamed mohammed monika nancy
    natalie nicholas nick nicolas nicole nina noah olga oliver olivia pablo pamela patricia paul
    paula pedro peter petra philip philippe pierre priya rachel rafael raj ralph raymond rebecca
    ricardo richard robert roberto roger ronald ruth ryan samantha samuel sandra sara sarah scott
    sebastian sharon silvia simon sofia sophia sophie stefan stephanie stephen steve steven susan
    sven theresa thomas tim timothy tom tony ursula valentina vanessa veronica victor victoria
    vincent walter wei werner william wolfgang yusuf zoe
    """)
_SPEAKS_ON = re.compile(
    r"[ \t]*(?:,|-|\u2013|\bfrom\b|\bspeaking\b|\bcalling\b|\bhere\b|\bwriting\b)"
)
_ENDS_GREETING = re.compile(r"[ \t]*(?:[,:;!.\u2013-]|$)", re.MULTILINE)
_ANYTHING = re.compile("")
_ENDS_LINE = re.compile(r"[ \t]*[,.|]?[ \t]*$", re.MULTILINE)


def find_names(read: Legible) -> Iterator[Found]:
    """Names after "my name is", a title, a greeting or a label, and in signatures."""
    text = read.text
    for match in find_cues([INTRODUCES], read):
        yield from _name(text, match.end(), may_be_small=True)
    for match in find_cues(_MAY_INTRODUCE, read):
        yield from _introduced(text, match.end())
    if ":" in text or "=" in text:
        for match in _LABELS.finditer(read.small):
            yield from _name(text, match.end())
    for match in at_words(_TITLES, text):
        yield from _name(text, match.end())
    for match in _GREETS.finditer(read.small):
        yield from _name(text, match.end(), before=_ENDS_GREETING)
    for match in find_cues(_SIGNS_OFF, read):
        yield from _name(text, match.end(), before=_ENDS_LINE)


def _introduced(text: str, start: int) -> Iterator[Found]:
    """A name of at least two words, or one that speaks on: "This is Jane from"."""
    first = _WORD.match(text, start)
    if first and first[1] in _FIRST_NAMES:
        yield Found(Kind.NAME, first.start(1), _end_of_small_name(text, first.end(1)))
    for found in _name(text, start):
        if " " in text[start : found.end].strip() or _SPEAKS_ON.match(text, found.end):
            yield found


def _end_of_small_name(text: str, end: int) -> int:
    """Where a name in small letters ends whose first one does at `end`: a family name follows,
    unless the sentence goes on.
    """
    last = _WORD.match(text, end)
    if last is None or last[1] in _NO_NAMES or last[1].endswith("ing"):
        return end
    return last.end(1)


def _name(
    text: str, start: int, *, may_be_small: bool = False, before: re.Pattern[str] = _ANYTHING
) -> Iterator[Found]:
    """The name at `start`, where `before` follows it: capitalised words, and what may stand
    between them.
    """
    position = end = start
    for _ in range(_MOST_WORDS):
        match = _WORD.match(text, position)
        if match is None or match[1].lower() in _NO_NAMES:
            break
        is_name = not match[1][0].islower() or (may_be_small and end == start)
        if not is_name and match[1] not in _PARTICLES:
            break
        position = match.end()
        end = position if is_name else end
    if end > start and before.match(text, end):
        first = start + len(text[start:end]) - len(text[start:end].lstrip())
        yield Found(Kind.NAME, first, end)
