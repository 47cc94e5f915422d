"""How the customer feels, by VADER: a lexicon and rules for English.

Hutto and Gilbert (2014), as implemented by the vaderSentiment package. It is applied to one
sentence at a time, at each end of a text to one that holds a word of its lexicon: the others
score 0.
"""

import math
import re
import string
from collections.abc import Sequence
from operator import itemgetter

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from server.engines.embedded.sentences import is_frame
from server.triage.assessment import Prediction, Sentiment

# Read at the beginning and again at the end: that is where customers say how they feel.
_READ_SENTENCES = 4
_CHUNK_WORDS = 40  # VADER's time grows with the square of a sentence's length
_EMOTICON = 2  # characters; VADER strips the punctuation of longer words alone
_REACH_BEFORE, _REACH_AFTER = 3, 2  # words: how far VADER looks from a word of feeling
_DOUBT = 0.3  # of a sentence: one alone may not say it all

# Offsets and slopes: P(sentiment) = softmax(offset + slope * tone), tone in [-1, 1]; set by hand so
# that a tone of -0.35 or +0.4 is a coin toss between neutral and the feeling. A complaint need not
# be rude.
_LOGITS = (
    (Sentiment.NEGATIVE, -0.7, -4.5),
    (Sentiment.NEUTRAL, 0.7, 0.0),
    (Sentiment.POSITIVE, -1.1, 4.5),
)

# Words of the trade are no feelings: "please", "credit", "support" and "security" count as
# positive in VADER, "error", "cancel" and "charged" as negative. Thanks in advance count little.
_NO_FEELING = (
    "accept accepted active alert authority block cancel cancelled canceled cancelling chance "
    "charge charged charges clearly create created creates creating credit credited credits cut "
    "dear drop dropped empty error errors fan fine fit free friend gift guarantee hand hard help "
    "helping hope ill interest interested kind kindly l leave legal like likes no number offline "
    "original party pay play please pls po pressure problem problems promised protect protected "
    "reach reached recommend regards resolve resolved safe save saved secure secured security "
    "share shared sharing shares solution solutions solve strike strong support supported "
    "supporting sure top trust values want welcome well wish yes"
)
_SUPPORT_LEXICON = {
    "thank": 0.5,
    "thanks": 0.5,
    "thx": 0.5,
    "urgent": -0.4,
    "unacceptable": -2.6,
    "disappointed": -2.2,
    "disgusted": -2.8,
    "appalling": -2.8,
    "unhelpful": -2.0,
    "useless": -2.2,
    "rude": -2.2,
    "ridiculous": -2.2,
    "joke": -1.5,
    "frustrating": -2.2,
    "waste": -2.0,
    "unresponsive": -1.6,
    "flawless": 2.5,
}
_WORD = re.compile(r"[a-z']+")


def _letters_only() -> bytes:
    """Lower-case letters and apostrophes stay, all else becomes a space."""
    return bytes(code if _WORD.match(chr(code)) else 32 for code in range(256))


_LETTERS = _letters_only()


class SentimentReader:
    """Reads feelings from English sentences; loads its lexicon once, in 10 ms."""

    def __init__(self) -> None:
        self._analyzer = SentimentIntensityAnalyzer()
        self._lexicon: dict[str, float] = self._analyzer.lexicon
        self._lexicon.update(_SUPPORT_LEXICON)
        for word in _NO_FEELING.split():
            self._lexicon.pop(word, None)
        self._words = frozenset(word.encode() for word in self._lexicon if _WORD.fullmatch(word))

    def read(self, sentences: Sequence[str], language: str) -> Prediction[Sentiment]:
        """The sentiment of a text. Neutral with low confidence where it is not English."""
        if language not in {"en", "und"}:
            runners_up = ((Sentiment.NEGATIVE, 0.3), (Sentiment.POSITIVE, 0.1))
            return Prediction(Sentiment.NEUTRAL, 0.4, runners_up)
        return _prediction(self._tone(sentences))

    def _tone(self, sentences: Sequence[str]) -> float:
        """Mean of the sentences' compound scores, drawn towards 0 where there are few."""
        if len(sentences) > 2 * _READ_SENTENCES:
            sentences = [*sentences[:_READ_SENTENCES], *sentences[-_READ_SENTENCES:]]
        scores = [self._score(sentence) for sentence in self._outermost(sentences)]
        return sum(scores) / (len(scores) + _DOUBT)

    def _outermost(self, sentences: Sequence[str]) -> list[str]:
        """The first and the last sentence with a word of feeling, where there are any."""
        places = range(len(sentences))
        first = next((i for i in places if self._has_feeling(sentences[i])), None)
        if first is None:
            return []
        last = next(i for i in reversed(places) if i == first or self._has_feeling(sentences[i]))
        return [sentences[i] for i in sorted({first, last})]

    def _has_feeling(self, sentence: str) -> bool:
        """Whether a word of the lexicon is in it, or perhaps an emoji, and it is no mere frame."""
        if sentence.isascii():
            words = sentence.lower().encode().translate(_LETTERS).split()
            if self._words.isdisjoint(words):
                return False
        return not is_frame(sentence)

    def _score(self, sentence: str) -> float:
        words = sentence.split()[:_CHUNK_WORDS]
        if sentence.isascii():
            words = self._telling(words)
        return float(self._analyzer.polarity_scores(" ".join(words))["compound"])

    def _telling(self, words: list[str]) -> list[str]:
        """The words of feeling, what stands near enough to change them, and every "but"."""
        near: set[int] = set()
        lower = " ".join(words).lower().split()
        for i, bare in enumerate([word.strip(string.punctuation) for word in lower]):
            if (bare if len(bare) > _EMOTICON else words[i]) in self._lexicon:
                near.update(range(i - _REACH_BEFORE, i + _REACH_AFTER + 1))
            elif bare == "but":
                near.add(i)
        return [word for i, word in enumerate(words) if i in near]


def _prediction(tone: float) -> Prediction[Sentiment]:
    odds = [(math.exp(offset + slope * tone), one) for one, offset, slope in _LOGITS]
    total = sum(chance for chance, _ in odds)
    (first, label), *rest = sorted(odds, key=itemgetter(0), reverse=True)
    return Prediction(label, first / total, tuple((one, chance / total) for chance, one in rest))
