"""The engine that asks models: what it takes from them, and what stays the embedded engine's."""

import gc
import math
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from server.engines.llm.completion import Completion, Token
from server.engines.llm.engine import LlmEngine
from server.engines.llm.errors import REASONS, ProviderError
from server.engines.llm.inquiry import Inquirer
from server.engines.llm.metrics import LlmMetrics
from server.engines.llm.prompt import VERSION, make_prompt
from server.engines.llm.provider import Providers
from server.engines.llm.retry_budget import RetryBudget
from server.triage.assessment import Assessment, Draft, Prediction, Priority, Reason, Sentiment
from server.triage.engine import Attempt, EngineVersion, Outward, Parts, Similar, Terms
from server.triage.examples.label import RecentLabel
from server.triage.rulebook import BY_CATEGORY
from server.triage.starter import starter_taxonomy
from tests.unit.llm.answers import GOOD, answer
from tests.unit.llm.fake_members import Script, member

REASON = Reason("LEGAL_THREAT", "The customer speaks of a lawyer.")
OWN = Assessment(
    category=Prediction("account", 0.6, (("billing", 0.3),)),
    priority=Prediction(Priority.LOW, 0.45, ((Priority.MEDIUM, 0.4),)),
    priority_reasons=(),
    escalation_reasons=(REASON,),
    sentiment=Prediction(Sentiment.NEUTRAL, 0.7, ((Sentiment.NEGATIVE, 0.2),)),
)
OWN_VERSION = EngineVersion("embedded", "linear", "abc", 7)
STARTER = starter_taxonomy()
OWN_DRAFT = Draft("own summary", "own reply")
GONE = ProviderError(REASONS["bad_request"], "bad_request")


@dataclass
class Reader:
    """An embedded engine and its reading, in one."""

    found: Assessment = OWN
    version: EngineVersion = OWN_VERSION
    asks_outside: bool = False
    attempts: tuple[Attempt, ...] = ()
    is_degraded: bool = False
    similar: tuple[Similar, ...] = ()
    learned: Sequence[RecentLabel] = ()
    is_retired: bool = False

    def read(self, _record: bytes, _parts: Parts) -> "Reader":
        return self

    async def learn(self, recent: Sequence[RecentLabel]) -> None:
        self.learned = recent

    def retire(self) -> None:
        self.is_retired = True

    async def language(self) -> tuple[Prediction[str], float]:
        return Prediction("en", 0.9), 0.001

    async def assess(self, _outward: Outward | None = None) -> tuple[Assessment, float]:
        return self.found, 0.001

    async def draft(self) -> tuple[Draft, float]:
        return OWN_DRAFT, 0.001


@dataclass
class Screen:
    """What a caller sees."""

    shown: list[str] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)

    def attempted(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)

    def wrote(self, text: str) -> None:
        self.shown.append(text)


class Office:
    """An engine over one scripted model."""

    def __init__(self, *lines: Completion | Exception, own: Assessment = OWN) -> None:
        self.registry = CollectorRegistry()
        self.script = Script(list(lines))
        one = member(self.script, time.monotonic)
        metrics, budget = LlmMetrics(self.registry), RetryBudget()
        inquirer = Inquirer([one], Providers((one.provider,)), budget, metrics, sleep=_pass_at_once)
        self.engine = LlmEngine(Reader(own), STARTER, inquirer)

    async def assess(
        self, screen: Screen | None = None, parts: Parts | None = None, terms: Terms | None = None
    ) -> Any:
        """A reading and what it found."""
        reading = self.engine.read(b"{}", parts or Parts())
        ticket = {"body": "I was charged twice.", "language": "en"}
        outward = Outward("tenant", ticket, time.monotonic() + 30, screen, terms or Terms())
        found, _ = await reading.assess(outward)
        return reading, found

    def count(self, name: str, **labels: str) -> float | None:
        """What a metric shows."""
        return self.registry.get_sample_value(name, labels)


async def _pass_at_once(_seconds: float) -> None:
    """No pause."""


async def test_a_models_answer_is_taken() -> None:
    reading, found = await Office(answer()).assess()
    draft, _ = await reading.draft()
    assert found.category.label == "billing"
    assert found.priority.label is Priority.MEDIUM
    assert found.sentiment.label is Sentiment.NEGATIVE
    assert draft == Draft(GOOD["summary"], GOOD["reply"])
    assert [attempt.outcome for attempt in reading.attempts] == ["ok"]
    assert not reading.is_degraded


async def test_confidences_come_from_the_second_reader_where_the_model_tells_none() -> None:
    _, found = await Office(answer()).assess()
    assert found.category.confidence == pytest.approx(0.3)
    assert found.priority.confidence == 0.4
    assert found.sentiment.confidence == 0.2


async def test_an_engine_that_nobody_uses_any_more_is_freed_at_once() -> None:
    office = Office(answer())
    await office.assess()
    engine = weakref.ref(office.engine)
    gc.disable()
    try:
        del office
        assert engine() is None
    finally:
        gc.enable()


async def test_the_version_says_who_answered() -> None:
    reading, _ = await Office(answer()).assess()
    assert reading.version == EngineVersion("llm", "a/a-1", VERSION, 7)


async def test_where_no_model_answers_the_embedded_engine_does_and_says_so() -> None:
    office = Office(GONE)
    reading, found = await office.assess()
    draft, _ = await reading.draft()
    assert found == OWN
    assert draft == OWN_DRAFT
    assert reading.version == OWN_VERSION
    assert reading.is_degraded
    assert office.count("llm_degraded_answers_total", reason="bad_request") == 1


async def test_without_leave_nobody_is_asked() -> None:
    office = Office(answer())
    reading = office.engine.read(b"{}", Parts())
    assert (await reading.assess())[0] == OWN
    assert reading.version == OWN_VERSION
    assert reading.attempts == ()
    assert office.script.asked == []


async def test_where_a_rule_has_spoken_its_priority_stands() -> None:
    own = replace(OWN, priority_reasons=(REASON,))
    _, found = await Office(answer(priority="urgent"), own=own).assess()
    assert found.priority == OWN.priority


async def test_a_model_takes_no_reason_to_escalate_away() -> None:
    own = replace(OWN, escalation_reasons=(REASON, BY_CATEGORY))
    _, found = await Office(answer(), own=own).assess()
    assert found.escalation_reasons == (REASON, BY_CATEGORY)


async def test_a_category_that_always_goes_to_a_person_does_so_whoever_found_it() -> None:
    _, found = await Office(answer(category="security_abuse")).assess()
    assert found.escalation_reasons == (REASON, BY_CATEGORY)


async def test_the_policy_is_that_of_the_category_which_both_readers_find() -> None:
    said = answer()
    begin = said.text.index("billing")
    end = begin + len("billing")
    tokens = (
        Token(said.text[:begin], 0.0),
        Token("billing", math.log(0.6), (("security_abuse", math.log(0.4)),)),
        Token(said.text[end:], 0.0),
    )
    own = replace(OWN, category=Prediction("security_abuse", 0.9))
    _, found = await Office(replace(said, tokens=tokens), own=own).assess()
    assert found.category.label == "security_abuse"
    assert BY_CATEGORY in found.escalation_reasons


async def test_parts_that_are_not_asked_for_are_not_asked_of_the_model() -> None:
    office = Office(answer(sentiment=None, summary=None, reply=None))
    parts = Parts(sentiment=False, summary=False, reply=False)
    own = replace(OWN, sentiment=None)
    office.engine.embedded = Reader(own)
    reading, found = await office.assess(parts=parts)
    assert found.sentiment is None
    assert (await reading.draft())[0] == Draft(None, None)
    assert [*office.script.asked[0].schema["properties"]] == ["category", "priority"]


async def test_the_embedded_engine_learns_and_finds_what_is_similar() -> None:
    office, label = Office(answer()), RecentLabel("a" * 32, "charged twice", "billing")
    own = office.engine.embedded = Reader(similar=(Similar(label.label_id, "billing", 0.9),))
    await office.engine.learn([label])
    office.engine.retire()
    assert (own.learned, own.is_retired) == ([label], True)
    assert office.engine.read(b"{}", Parts()).similar == own.similar


async def test_the_model_reads_the_prompt_and_the_ticket_alone() -> None:
    office = Office(answer())
    await office.assess()
    (question,) = office.script.asked
    assert [message.text for message in question.messages] == [
        office.engine.prompt_for(Terms()).text,
        '{"body":"I was charged twice.","language":"en"}',
    ]


async def test_another_prompt_is_read_where_the_terms_name_it() -> None:
    office = Office(answer())
    reading, _ = await office.assess(terms=Terms(prompt="triage-2"))
    (question,) = office.script.asked
    assert question.messages[0].text == make_prompt(STARTER.categories, "triage-2").text
    assert reading.version.version == "triage-2"


async def test_a_model_is_asked_at_the_temperature_of_the_terms_and_else_at_none() -> None:
    office = Office(answer())
    reading, _ = await office.assess(terms=Terms(temperature=0.7))
    await office.assess()
    assert [question.temperature for question in office.script.asked] == [0.7, 0.0]
    assert reading.version.version == f"{VERSION} temperature=0.7"


async def test_where_the_terms_name_another_provider_this_one_is_not_asked() -> None:
    office = Office(answer())
    reading, _ = await office.assess(terms=Terms(model="b"))
    assert reading.is_degraded
    assert office.script.asked == []


async def test_claims_are_counted_once_each_time_they_are_made() -> None:
    weak = "If it is late, we will refund it. Thank you."
    office = Office(answer(reply="I have refunded you. Bye."), answer(reply=weak))
    await office.assess(Screen())
    labels = {"intent_type": "refund"}
    assert office.count("intent_detection_hits_total", confidence_bucket="high", **labels) == 1
    assert office.count("intent_detection_hits_total", confidence_bucket="low", **labels) == 1


async def test_the_reply_is_shown_while_it_is_written() -> None:
    screen = Screen()
    reading, _ = await Office(answer()).assess(screen)
    assert "".join(screen.shown) == GOOD["reply"]
    assert tuple(screen.attempts) == reading.attempts


async def test_a_reply_that_is_flawed_before_it_is_shown_is_corrected() -> None:
    screen = Screen()
    office = Office(answer(reply="I have refunded you. Bye."), answer())
    reading, _ = await office.assess(screen)
    assert "".join(screen.shown) == GOOD["reply"]
    assert [attempt.cause for attempt in reading.attempts] == ["first", "correction"]


async def test_a_reply_that_turns_out_flawed_after_a_part_was_shown_is_the_embedded_engines() -> (
    None
):
    screen = Screen()
    office = Office(answer(reply="Thank you. I have refunded you."), answer())
    reading, found = await office.assess(screen)
    assert screen.shown == ["Thank you."]
    assert reading.is_degraded
    assert found == OWN
    assert len(office.script.asked) == 1


async def test_the_reserve_is_kept_for_what_comes_after() -> None:
    office = Office(answer())
    reading = office.engine.read(b"{}", Parts())
    await reading.assess(Outward("tenant", {"body": "x"}, time.monotonic() + 0.2))
    assert reading.is_degraded
    assert office.script.asked == []


@pytest.mark.parametrize(("category", "seconds"), [("account", 3600.0), ("billing", None)])
async def test_a_learned_time_to_resolution_is_that_of_its_own_category(
    category: str, seconds: float | None
) -> None:
    office = Office(answer(category=category), own=replace(OWN, resolution_s=3600.0))
    _, found = await office.assess()
    assert found.resolution_s == seconds
