"""The embedded engine as triage sees it."""

import pytest

from server.engines.embedded.engine import EmbeddedEngine, EmbeddedEngineMaker
from server.triage.assessment import Priority, Sentiment
from server.triage.engine import Parts
from server.triage.errors import ModelUnreadable
from server.triage.taxonomy import EscalationPolicy, Taxonomy
from server.triage.ticket import Ticket
from tests.unit.engines.hostile import HOSTILE_TEXTS

ANGRY = Ticket(
    id="T-9",
    body="I was charged twice on invoice 88213. This is ridiculous! I want to speak to a human.",
)


def test_a_ticket_is_assessed_in_all_parts(starter_engine: EmbeddedEngine) -> None:
    found = starter_engine.read(ANGRY, Parts()).assessment
    assert found.category.label == "billing"
    assert found.priority.label == Priority.HIGH
    assert [reason.code for reason in found.priority_reasons] == ["MONEY_AT_RISK"]
    assert [reason.code for reason in found.escalation_reasons] == ["ASKS_FOR_PERSON"]
    assert found.sentiment is not None
    assert found.sentiment.label == Sentiment.NEGATIVE


def test_the_draft_is_made_of_the_ticket_and_the_category(
    starter_engine: EmbeddedEngine, starter: Taxonomy
) -> None:
    draft = starter_engine.read(ANGRY, Parts()).draft
    assert draft.summary is not None
    assert draft.reply is not None
    assert "I was charged twice on invoice 88213." in draft.summary
    for part in (
        starter.by_name["billing"].reply_text.strip(),
        "invoice 88213",
        "T-9",
        "colleague",
    ):
        assert part in draft.reply


def test_parts_that_are_not_asked_for_are_absent(starter_engine: EmbeddedEngine) -> None:
    nothing = Parts(sentiment=False, summary=False, reply=False)
    found = starter_engine.read(ANGRY, nothing)
    assert (found.assessment.sentiment, found.draft.summary, found.draft.reply) == (None,) * 3


def test_categories_that_always_need_a_person_say_so(
    starter_engine: EmbeddedEngine, starter: Taxonomy
) -> None:
    always = {c.name for c in starter.categories if c.escalation_policy is EscalationPolicy.ALWAYS}
    assert always
    for category in starter.categories:
        ticket = Ticket(id="T-1", body=category.examples[0])
        found = starter_engine.read(ticket, Parts()).assessment
        assert found.category.label == category.name
        codes = {reason.code for reason in found.escalation_reasons}
        assert ("CATEGORY_POLICY" in codes) == (category.name in always)


@pytest.mark.parametrize("body", HOSTILE_TEXTS)
def test_any_text_is_answered(starter_engine: EmbeddedEngine, body: str) -> None:
    ticket = Ticket(id="T-1", body=body.replace("\ud800", ""))
    found = starter_engine.read(ticket, Parts())
    assert found.assessment.category.confidence <= 1
    assert found.draft.reply


async def test_an_engine_trained_on_a_tenants_categories_serves_them(
    maker: EmbeddedEngineMaker, starter: Taxonomy
) -> None:
    two = Taxonomy(revision=4, categories=starter.categories[1:3])
    engine = maker.load(await maker.train(two.categories), two)
    ticket = Ticket(id="T-1", body="the VAT number on my invoice is wrong")
    assert engine.version.taxonomy_revision == 4
    assert engine.read(ticket, Parts()).assessment.category.label == "billing"


def test_the_version_is_the_beginning_of_the_models_digest(starter_engine: EmbeddedEngine) -> None:
    version = starter_engine.version
    assert (version.engine, version.model) == ("embedded", "linear-ngram")
    assert len(bytes.fromhex(version.version)) == 6
    assert version.taxonomy_revision == 0


def test_a_model_of_other_categories_is_refused(
    maker: EmbeddedEngineMaker, starter: Taxonomy
) -> None:
    with pytest.raises(ModelUnreadable, match="other categories"):
        maker.load(maker.starter_model(), Taxonomy(1, starter.categories[:9]))
