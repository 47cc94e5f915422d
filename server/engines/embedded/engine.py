"""The embedded engine: everything that triage asks of an engine, without a network."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property

from server.engines.embedded.language import FastTextDetector
from server.engines.embedded.model import LinearModel, Words
from server.engines.embedded.model_file import load_model, starter_model
from server.engines.embedded.neighbours import RecentLabels, votes
from server.engines.embedded.priority import LEARNED, codes_of
from server.engines.embedded.reply import write_reply
from server.engines.embedded.sentence_vectors import vector_of
from server.engines.embedded.sentences import split_sentences
from server.engines.embedded.sentiment import SentimentReader
from server.engines.embedded.summary import summarise
from server.engines.embedded.trainer import train_in_process
from server.sentence_model import SentenceModel
from server.triage.assessment import Assessment, Draft, Prediction, Sentiment
from server.triage.engine import EngineVersion, Parts
from server.triage.errors import ModelUnreadable
from server.triage.rulebook import RuleBook, Verdict
from server.triage.taxonomy import Category, EscalationPolicy, Taxonomy
from server.triage.ticket import Ticket, text_for_engines

# A category that is less likely than not goes to review; its policy is not asked.
_LIKELY = 0.5


class EmbeddedEngine:
    """A linear model for the category, rules and lexica for the rest."""

    def __init__(
        self,
        model: LinearModel,
        taxonomy: Taxonomy,
        rules: RuleBook,
        sentiments: SentimentReader,
        languages: FastTextDetector,
        embedder: SentenceModel | None = None,
    ) -> None:
        if set(model.names) != taxonomy.by_name.keys():
            raise ModelUnreadable("the model was trained for other categories")
        self.version = EngineVersion(
            "embedded", "linear-ngram", model.digest.hex()[:12], taxonomy.revision
        )
        self.recent = RecentLabels()
        self._model = model
        self._taxonomy = taxonomy
        self._rules = rules
        self._sentiments = sentiments
        self._languages = languages
        helps = embedder is not None and model.reads_vectors_of(embedder.name)
        self._embedder = embedder if helps else None

    def start(self, ticket: Ticket, parts: Parts) -> "TicketReading":
        """A reading of one ticket, whose stages are run one after the other."""
        return TicketReading(self, ticket, parts)

    def read(self, ticket: Ticket, parts: Parts) -> "TicketReading":
        """A reading that has passed all its stages."""
        reading = self.start(ticket, parts)
        for stage, counted_as in TicketReading.STAGES:
            reading.run(stage, counted_as)
        return reading

    def detect_language(self, text: str, hint: str) -> Prediction[str]:
        """An ISO 639 code, or "und" when neither text nor hint tells."""
        return self._languages.detect(text, hint)

    def read_words(self, text: str) -> Words:
        """What the text's words say."""
        return self._model.read(text)

    def classify(
        self, text: str, words: Words, similar: Sequence[tuple[str, str, float]]
    ) -> Prediction[str]:
        """The category. similar: recent labels, that vote."""
        if similar:
            words = self._model.persuaded(words, votes(similar, self.recent.learned))
        vector = None if self._embedder is None else vector_of(self._embedder, text)
        return self._model.classify(words, vector)

    def judge(self, ticket: Ticket, text: str, category: Prediction[str], words: Words) -> Verdict:
        """Priority and reasons to escalate."""
        policy = self._taxonomy.by_name[category.label].escalation_policy
        if category.confidence < _LIKELY:
            policy = EscalationPolicy.BY_RULES
        verdict = self._rules.judge(text, ticket.attributes, policy)
        if self._model.priority is None:
            return verdict
        place = self._model.place_of[category.label]
        learned = self._model.priority.decide(words.priorities, place, codes_of(verdict))
        if learned.label == verdict.priority.label:
            return replace(verdict, priority=learned)
        return replace(verdict, priority=learned, priority_reasons=(LEARNED,))

    def resolution_s(self, category: str) -> float | None:
        """How long tickets of the category took; None: no label tells."""
        learned = self._model.resolution_s
        return (learned[self._model.place_of[category]] if learned else 0.0) or None

    def feel(self, sentences: Sequence[str], language: Prediction[str]) -> Prediction[Sentiment]:
        """The sentiment."""
        return self._sentiments.read(sentences, language.label)

    def draft(
        self,
        ticket: Ticket,
        text: str,
        sentences: Sequence[str],
        assessment: Assessment,
        parts: Parts,
    ) -> Draft:
        """Summary and reply."""
        category = self._taxonomy.by_name[assessment.category.label]
        for_person = bool(assessment.escalation_reasons)
        return Draft(
            summarise(sentences) if parts.summary else None,
            write_reply(text, category.reply_text, ticket.id, ticket.attributes, for_person)
            if parts.reply
            else None,
        )


class TicketReading:
    """One ticket on its way through the engine.

    Its stages are apart so that many tickets can pass a stage together: one after the other they
    find its tables in the processor's caches.
    """

    def __init__(self, engine: EmbeddedEngine, ticket: Ticket, parts: Parts) -> None:
        self._engine = engine
        self._ticket = ticket
        self._parts = parts
        self._text = text_for_engines(ticket)
        self.language: Prediction[str]
        self.assessment: Assessment
        self.draft: Draft
        self.similar: list[tuple[str, str, float]]  # id, category and cosine of recent labels
        self._words: Words
        self._category: Prediction[str]
        self._verdict: Verdict
        self.seconds = [0.0, 0.0, 0.0]  # of language, assessment and draft

    @cached_property
    def _sentences(self) -> list[str]:
        return split_sentences(self._text)

    def run(self, stage: Callable[["TicketReading"], None], counted_as: int) -> None:
        """Run one stage and count its time."""
        start = time.perf_counter()
        stage(self)
        self.seconds[counted_as] += time.perf_counter() - start

    def _detect_language(self) -> None:
        self.language = self._engine.detect_language(self._text, self._ticket.language_hint)

    def _classify(self) -> None:
        self._words = self._engine.read_words(self._text)
        self.similar = self._engine.recent.similar(self._text)
        self._category = self._engine.classify(self._text, self._words, self.similar)

    def _judge(self) -> None:
        self._verdict = self._engine.judge(self._ticket, self._text, self._category, self._words)

    def _feel(self) -> None:
        feels = self._parts.sentiment
        self.assessment = Assessment(
            self._category,
            self._verdict.priority,
            self._verdict.priority_reasons,
            self._verdict.escalation_reasons,
            self._engine.feel(self._sentences, self.language) if feels else None,
            self._engine.resolution_s(self._category.label),
        )

    def _write(self) -> None:
        self.draft = self._engine.draft(
            self._ticket, self._text, self._sentences, self.assessment, self._parts
        )

    STAGES = ((_detect_language, 0), (_classify, 1), (_judge, 1), (_feel, 1), (_write, 2))


class EmbeddedEngineMaker:
    """Makes engines that share its rules and its lexica.

    embedder: for models that read its vectors; the others, and all without it, read words alone.
    """

    def __init__(self, embedder: SentenceModel | None = None) -> None:
        self._embedder = embedder
        self._rules = RuleBook()
        self._sentiments = SentimentReader()
        self._languages = FastTextDetector()

    async def train(self, categories: Sequence[Category]) -> bytes:
        """A model of these categories, from a process of its own. Raises TrainingFailed."""
        return (await train_in_process(categories)).model

    def load(self, model: bytes, taxonomy: Taxonomy) -> EmbeddedEngine:
        """The engine of a trained model. Raises ModelUnreadable."""
        return EmbeddedEngine(
            load_model(model),
            taxonomy,
            self._rules,
            self._sentiments,
            self._languages,
            self._embedder,
        )

    def starter_model(self) -> bytes:
        """The model of the starter taxonomy."""
        return starter_model()
