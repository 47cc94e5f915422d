"""API keys, tokens, passwords: what lets somebody in."""

import re
from collections.abc import Iterator
from itertools import pairwise

from server.privacy.cues import cue, find_cues, phrases, words
from server.privacy.found import Found, Kind
from server.privacy.legible import Legible

# Keys that say whose they are.
_BRANDED = re.compile(
    r"""(?<![A-Za-z0-9])(?:
    (?:sk|pk|rk)[-_][\w-]{16,}+            # OpenAI, Anthropic, Stripe
    |gh[pousr]_\w{20,}+ | github_pat_\w{20,}+ | glpat-[\w-]{16,}+
    |(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])
    |AIza[\w-]{30,}+ | ya29\.[\w-]{20,}+
    |xox[abeoprs]-[\w-]{10,}+ | hf_\w{20,}+ | npm_\w{20,}+ | whsec_\w{16,}+
    |SG\.[\w-]{16,}+\.[\w-]{16,}+
    |eyJ[\w-]{8,}+\.[\w-]{8,}+(?:\.[\w-]*+)?   # a JSON Web Token
    )""",
    re.VERBOSE,
)
_LEAST_BRANDED = 15  # characters
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----")
_END_OF_KEY = re.compile(r"-----END [A-Z ]{0,30}PRIVATE KEY-----")
_URL_CREDENTIALS = re.compile(r"://([^\s/?#@:]{1,128}:[^\s/?#]{1,256})@")  # to the last sign
_QUERY = re.compile(
    r"[?&#;][\w.-]{0,24}?(?:token|key|secret|signature|sig|auth|password|passwd|pwd|session|sid|code"
    r"|credential|jwt)=([^\s&#\"'<>]{4,}+)",
    re.IGNORECASE,
)
NAMED = cue(
    "password passwort passwd passcode pwd pw contraseña passe secret api apikey token cvv cvc pin",
    r"(?:(?P<password>password|passwort|passwd|passcode|pwd|pw|contraseña|mot de passe)"
    r"|secret|api[ _-]?key|token|cvv|cvc|pin)"
    r"(?:(?: is| was)?[ \t]{0,3}(?P<sign>[:=])| (?:(?P<is>is|was)|ist|est|es)(?![\w-]))"
    r"[ \t]{0,3}[\"'`]?(?P<value>[^\s\"'`]{3,128}+)",
)
# What is said of a password; so is every word that ends in "ing" or "ed".
_SAID_OF_PASSWORDS = words("""
    wrong incorrect not invalid valid correct right too very so just still no now never always
    already also actually really totally definitely probably only currently completely
    apparently suddenly obviously clearly certainly maybe perhaps possibly exactly the an my
    your his her our their what that this its in on for from with same different identical
    unknown known okay fine good bad weak strong short long empty blank broken gone lost
    forgotten forgot stolen old new unsafe insecure secure safe hidden visible unable
    impossible mandatory optional necessary temporary default public private obsolete sent
    shown given set stuck kept found taken made seen left read told written hard easy simple
    complex clear unclear plain reset there here out off back about all either ready available
    unavailable due and but because when where why how who which better worse useless false
    true null none nothing something active inactive please cannot can could will would should
    must need want help urgent change recovery login user account problem issue error question
    email link update case-sensitive case-insensitive
    """)
_GOES_ON = re.compile(r"[\"'`]?(?:[,;.]?[ \t]+(?:and|but|or)\b|[,;.]\s)")
# Codes that log somebody in once; other codes name errors, places and offers.
_CODES = phrases(("code", "otp"), r"(?![^\W\d_])")
_OF_LOGIN = (
    r"(?:my|one[- ]time|verification|security|confirmation|log-?in|sign-?in|access|authentication"
    r"|auth|activation|recovery|backup|sms|2fa|mfa|otp)[ -]"
)
_CODE = r"\d{3}[ -]\d{3}|\d{4,8}"
_CODE_OF_LOGIN = re.compile(rf"(?<!\w){_OF_LOGIN}$")
_CODE_BEFORE = re.compile(
    rf"(?<!\w)(?P<value>{_CODE}) (?:is|was) (?:(?:the|your) )?(?:{_OF_LOGIN}|(?<=your )){{1,2}}$"
)
_CODE_AFTER = re.compile(
    r"(?P<got> i (?:got|received))?(?: (?:is|was))?[ \t:=#]{1,4}"
    rf"(?P<value>{_CODE}|(?=[a-z]{{1,9}}\d|\d{{1,9}}[a-z])[a-z\d]{{5,10}})(?![\w-])"
)
_REACH = 50  # characters before "code" that may tell what it is for
# What stands beside a cue, without a sign.
_BESIDE = (
    *phrases(("bearer", "basic"), r"[ \t]+(?P<value>[\w.~+/-]{12,}+=*+)"),
    # A short one is no word, or stands in a header.
    *phrases(["bearer"], r"[ \t]+(?=[a-z]{0,11}[\d._~+/-]\w)(?P<value>[\w.~+/-]{3,}+=*+)"),
    *phrases(["authorization:"], r"[ \t]*\w++[ \t]+(?P<value>[\w.~+/-]{3,}+=*+)"),
    *phrases(
        ("cvv", "cvc", "cvv2", "cvc2", "security code"),
        r"[ \t:=#]{1,4}(?P<value>\d{3,4})(?!\w)",
    ),
    *phrases(
        ("password", "passwort", "passwd", "passcode", "pwd", "pin"),
        r"[ \t]{1,3}[\"'`]?(?P<value>(?=\S{0,127}\d)[^\s\"'`]{4,128}+)",
    ),
)
_CANDIDATE = re.compile(r"[\w+/-]{24,}+={0,2}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEX = re.compile(r"(?=[^a-fA-F]*[a-fA-F])(?=\D*\d)[0-9a-fA-F]{32,}")
# Of two neighbouring characters, how often one is a digit and the other a letter, or their cases
# differ: about half the time where characters are drawn, seldom in names that people make up.
_LEAST_CHANGES = 0.3
_LEAST_DRAWN = 20  # letters and digits
_READ = 256  # characters of a word tell what it is
_ENDS_LINE = re.compile(r"[\"'`.,;]{0,2}[ \t]*$", re.MULTILINE)
_SENTENCE_END = ".,;:!?)"


def find_secrets(read: Legible) -> Iterator[Found]:
    """Keys, tokens, passwords and private keys."""
    text = read.text
    yield from _in_long_words(text)
    for sign, pattern in (("://", _URL_CREDENTIALS), ("=", _QUERY)):
        if sign in text:
            for match in pattern.finditer(text):
                yield Found(Kind.SECRET, *match.span(1))
    for match in find_cues(_BESIDE, read):
        start = match.start("value")
        yield Found(Kind.SECRET, start, start + len(match["value"].rstrip(_SENTENCE_END)))
    for match in find_cues([NAMED], read):
        if text[match.start() - 1 : match.start()] in ("?", "&"):
            continue  # of a query, which ends sooner
        value = match["value"].rstrip(_SENTENCE_END)
        start = match.start("value")
        end = start + len(value)
        if _tells_secret(match, value, text, end):
            yield Found(Kind.SECRET, start, end)
    yield from _login_codes(read)
    if "PRIVATE KEY-----" in text:
        yield from _private_keys(text)


def _tells_secret(named: re.Match[str], value: str, text: str, end: int) -> bool:
    """Whether a value that ends there is one: "my password is wrong" tells nothing, nor does
    "password: cannot log in".
    """
    if not value.replace("-", "").isalpha():
        return True
    if named["sign"] and _ENDS_LINE.match(text, end):
        return True
    if (named["sign"] and _GOES_ON.match(text, end)) or (named["password"] and named["is"]):
        return value not in _SAID_OF_PASSWORDS and not value.endswith(("ing", "ed"))
    return not value.isalpha()


def _login_codes(read: Legible) -> Iterator[Found]:
    """Codes beside words that say that they log somebody in."""
    for match in find_cues(_CODES, read):
        start, end = match.span()
        before = read.small, max(0, start - _REACH), start
        if value := _CODE_BEFORE.search(*before):
            yield Found(Kind.SECRET, *value.span("value"))
        is_login = match[0] == "otp" or _CODE_OF_LOGIN.search(*before)
        value = _CODE_AFTER.match(read.small, end)
        if value and (is_login or value["got"]):
            yield Found(Kind.SECRET, *value.span("value"))


def _in_long_words(text: str) -> Iterator[Found]:
    """Keys that their brand or their characters give away."""
    end = 0
    for word in [word for word in text.split() if len(word) >= _LEAST_BRANDED]:
        start = text.index(word, end)
        end = start + len(word)
        for match in _BRANDED.finditer(text, start, end):
            yield Found(Kind.SECRET, *match.span())
        for match in _CANDIDATE.finditer(text, start, end):
            if _looks_drawn(match[0]):
                yield Found(Kind.SECRET, *match.span())


def _private_keys(text: str) -> Iterator[Found]:
    position = 0
    while begin := _PRIVATE_KEY.search(text, position):
        end = _END_OF_KEY.search(text, begin.end())
        position = end.end() if end else len(text)
        yield Found(Kind.SECRET, begin.start(), position)


def _looks_drawn(word: str) -> bool:
    """Whether characters were drawn at random. An UUID was, but it only names something."""
    if _UUID.fullmatch(word):
        return False
    if _HEX.fullmatch(word):
        return True
    classes = [_class(character) for character in word[:_READ] if character.isalnum()]
    changes = sum(a != b for a, b in pairwise(classes))
    return (
        len(classes) >= _LEAST_DRAWN
        and "digit" in classes
        and changes >= _LEAST_CHANGES * len(classes)
    )


def _class(character: str) -> str:
    if character.isdigit():
        return "digit"
    return "upper" if character.isupper() else "lower"
