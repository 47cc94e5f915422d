"""How the customer feels, by VADER: a lexicon and rules for English.

Hutto and Gilbert (2014), as implemented by the vaderSentiment package. It is applied to one
sentence at a time, and only to sentences that hold a word of its lexicon: the others score 0.
"""

import math
import re
import string

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from server.engines.embedded.sentences import is_frame, split_sentences
from server.triage.assessment import Prediction, Sentiment

# Read at the beginning and again at the end: that is where customers say how they feel.
_READ_SENTENCES = 4
_SCORED_SENTENCES = 1  # at each end, with a word of feeling: VADER is the dearest part of reading
_CHUNK_WORDS = 40  # VADER's time grows with the square of a sentence's length
_EMOTICON = 2  # characters; VADER strips the punctuation of longer words alone
_REACH_BEFORE, _REACH_AFTER = 3, 2  # words: how far VADER looks from a word of feeling
_DOUBT = 0.3  # of a sentence: one alone may not say it all

# P(sentiment) = softmax(OFFSET + SLOPE * tone), tone in [-1, 1]; set by hand so that a tone of
# -0.35 or +0.4 is a coin toss between neutral and the feeling. A complaint need not be rude.
_OFFSETS = {Sentiment.NEGATIVE: -0.7, Sentiment.NEUTRAL: 0.7, Sentiment.POSITIVE: -1.1}
_SLOPE = 4.5

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
    """Reads feelings from English text; loads its lexicon once, in 10 ms."""

    def __init__(self) -> None:
        self._analyzer = SentimentIntensityAnalyzer()
        lexicon: dict[str, float] = self._analyzer.lexicon
        lexicon.update(_SUPPORT_LEXICON)
        for word in _NO_FEELING.split():
            lexicon.pop(word, None)
        self._feelings = lexicon.keys()
        self._words = frozenset(word.encode() for word in lexicon if _WORD.fullmatch(word))

    def read(self, text: str, language: str) -> Prediction[Sentiment]:
        """The sentiment of a text. Neutral with low confidence where it is not English."""
        if language not in {"en", "und"}:
            runners_up = ((Sentiment.NEGATIVE, 0.3), (Sentiment.POSITIVE, 0.1))
            return Prediction(Sentiment.NEUTRAL, 0.4, runners_up)
        return _prediction(self._tone(text))

    def _tone(self, text: str) -> float:
        """Mean of the sentences' compound scores, drawn towards 0 where there are few."""
        sentences = _ends(split_sentences(text), _READ_SENTENCES)
        feeling = [one for one in sentences if self._has_feeling(one) and not is_frame(one)]
        scores = [self._score(sentence) for sentence in _ends(feeling, _SCORED_SENTENCES)]
        return sum(scores) / (len(scores) + _DOUBT)

    def _has_feeling(self, sentence: str) -> bool:
        """Whether a word of the lexicon is in it, or perhaps an emoji."""
        if not sentence.isascii():
            return True
        words = sentence.lower().encode().translate(_LETTERS).split()
        return not self._words.isdisjoint(words)

    def _score(self, sentence: str) -> float:
        words = sentence.split()[:_CHUNK_WORDS]
        if sentence.isascii():
            words = self._telling(words)
        return float(self._analyzer.polarity_scores(" ".join(words))["compound"])

    def _telling(self, words: list[str]) -> list[str]:
        """The words of feeling, what stands near enough to change them, and every "but"."""
        near: set[int] = set()
        for i, word in enumerate(words):
            bare = word.lower().strip(string.punctuation)
            if (bare if len(bare) > _EMOTICON else word) in self._feelings:
                near.update(range(i - _REACH_BEFORE, i + _REACH_AFTER + 1))
            elif bare == "but":
                near.add(i)
        return [word for i, word in enumerate(words) if i in near]


def _ends(sentences: list[str], count: int) -> list[str]:
    """The first and the last `count` of them."""
    if len(sentences) <= 2 * count:
        return sentences
    return sentences[:count] + sentences[-count:]


def _prediction(tone: float) -> Prediction[Sentiment]:
    slopes = {Sentiment.NEGATIVE: -_SLOPE, Sentiment.NEUTRAL: 0.0, Sentiment.POSITIVE: _SLOPE}
    odds = {one: math.exp(_OFFSETS[one] + slopes[one] * tone) for one in Sentiment}
    total = sum(odds.values())
    first, *rest = sorted(Sentiment, key=lambda one: -odds[one])
    return Prediction(first, odds[first] / total, tuple((one, odds[one] / total) for one in rest))
