"""The embedded engine: everything that triage asks for, in one process, without a network."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from server.engines.embedded.model import LinearModel
from server.engines.embedded.model_file import load_model
from server.engines.embedded.reply import write_reply
from server.engines.embedded.sentiment import SentimentReader
from server.engines.embedded.summary import summarise
from server.engines.embedded.trainer import train_in_process
from server.triage.assessment import Assessment, Draft, Prediction
from server.triage.engine import EngineVersion, Parts
from server.triage.errors import ModelUnreadable
from server.triage.rules import RuleBook
from server.triage.taxonomy import Category, EscalationPolicy, Taxonomy
from server.triage.ticket import Ticket

# Longer texts may take over 5 ms in all and are assessed off the event loop.
_QUICK_CHARACTERS = 3_000
# A category that is less likely than not goes to review; its policy is not asked.
_LIKELY = 0.5


class EmbeddedEngine:
    """An `Engine`: a linear model for the category, rules and lexica for the rest."""

    def __init__(
        self,
        model: LinearModel,
        taxonomy: Taxonomy,
        rules: RuleBook,
        sentiments: SentimentReader,
    ) -> None:
        if set(model.names) != taxonomy.by_name.keys():
            raise ModelUnreadable("the model was trained for other categories")
        self.version = EngineVersion(
            "embedded", "linear-ngram", model.digest.hex()[:12], taxonomy.revision
        )
        self._model = model
        self._taxonomy = taxonomy
        self._rules = rules
        self._sentiments = sentiments

    async def assess(
        self, ticket: Ticket, text: str, language: Prediction[str], parts: Parts
    ) -> Assessment:
        """Category, priority, sentiment and reasons to escalate; `text` is at most 8 KiB."""
        if len(text) <= _QUICK_CHARACTERS:
            return self.assess_now(ticket, text, language, parts)
        return await asyncio.to_thread(self.assess_now, ticket, text, language, parts)

    async def draft(self, ticket: Ticket, text: str, assessment: Assessment, parts: Parts) -> Draft:
        """Summary and reply."""
        return self.draft_now(ticket, text, assessment, parts)

    def draft_now(self, ticket: Ticket, text: str, assessment: Assessment, parts: Parts) -> Draft:
        """As `draft`."""
        category = self._taxonomy.by_name[assessment.category.label]
        for_person = bool(assessment.escalation_reasons)
        return Draft(
            summarise(text) if parts.summary else None,
            write_reply(text, category.reply_text, ticket.id, ticket.attributes, for_person)
            if parts.reply
            else None,
        )

    def assess_now(
        self, ticket: Ticket, text: str, language: Prediction[str], parts: Parts
    ) -> Assessment:
        """As `assess`, on whatever thread it is called: up to 5 ms for the longest text."""
        category = self._model.predict(text)
        policy = self._taxonomy.by_name[category.label].escalation_policy
        if category.confidence < _LIKELY:
            policy = EscalationPolicy.BY_RULES
        verdict = self._rules.judge(text, ticket.attributes, policy)
        return Assessment(
            category,
            verdict.priority,
            verdict.priority_reasons,
            verdict.escalation_reasons,
            self._sentiments.read(text, language.label) if parts.sentiment else None,
        )


class EmbeddedEngineMaker:
    """An `EngineMaker`. The engines share its rules and its lexicon."""

    def __init__(self) -> None:
        self._rules = RuleBook()
        self._sentiments = SentimentReader()

    async def train(self, categories: Sequence[Category]) -> bytes:
        """A model of these categories, from a process of its own. Raises TrainingFailed."""
        return await train_in_process(categories)

    def load(self, model: bytes, taxonomy: Taxonomy) -> EmbeddedEngine:
        """The engine of a trained model. Raises ModelUnreadable."""
        return EmbeddedEngine(load_model(model), taxonomy, self._rules, self._sentiments)

    def starter_model(self) -> bytes:
        """The model of the starter taxonomy, trained when this release was made."""
        return Path(__file__).with_name("starter.npz").read_bytes()
