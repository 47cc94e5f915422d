"""Priority and reasons to escalate, by the rules."""

import re
from collections.abc import Mapping

import pytest
from hypothesis import given

from server.triage.assessment import Priority
from server.triage.rulebook import EVIDENCE_CHARACTERS, RuleBook, Verdict
from server.triage.rules import RULES, Rule
from server.triage.taxonomy import EscalationPolicy
from tests.unit.engines.hostile import any_text

BOOK = RuleBook()


def judge(text: str, attributes: Mapping[str, str] | None = None) -> Verdict:
    return BOOK.judge(text, attributes or {}, EscalationPolicy.BY_RULES)


def priority_codes(verdict: Verdict) -> list[str]:
    return [reason.code for reason in verdict.priority_reasons]


def escalation_codes(verdict: Verdict) -> list[str]:
    return [reason.code for reason in verdict.escalation_reasons]


@pytest.mark.parametrize(
    ("text", "priority", "code"),
    [
        ("PRODUCTION IS DOWN since 9 o'clock", Priority.URGENT, "OUTAGE_FOR_ALL"),
        ("Nobody can log in. Please help.", Priority.URGENT, "OUTAGE_FOR_ALL"),
        ("I think I've been hacked", Priority.URGENT, "SECURITY"),
        ("got a phishing e-mail in your name", Priority.URGENT, "SECURITY"),
        ("there was an unauthorised login", Priority.URGENT, "SECURITY"),
        ("the charger caught fire", Priority.URGENT, "SAFETY"),
        ("I was charged twice", Priority.HIGH, "MONEY_AT_RISK"),
        ("you debited $4,999.00 for nothing", Priority.HIGH, "LARGE_AMOUNT"),
        ("1.250,50 EUR were withdrawn", Priority.HIGH, "LARGE_AMOUNT"),
        ("I can't log in", Priority.HIGH, "BLOCKED"),
        ("we go live tomorrow", Priority.HIGH, "DEADLINE"),
        ("needed by end of day", Priority.HIGH, "DEADLINE"),
        ("this is urgent!", Priority.HIGH, "CALLS_IT_URGENT"),
        ("my lawyer will write to you", Priority.HIGH, "LEGAL_THREAT"),
        ("I will file a GDPR complaint", Priority.HIGH, "LEGAL_THREAT"),
        ("this is the third time I write", Priority.HIGH, "REPEATED_CONTACT"),
        ("still no reply from you", Priority.HIGH, "REPEATED_CONTACT"),
        ("no rush, whenever you have time", Priority.LOW, "NO_HURRY"),
        ("This is not urgent at all", Priority.LOW, "NO_HURRY"),
        ("it would be nice to have a dark mode", Priority.LOW, "WISH"),
    ],
)
def test_a_phrase_sets_the_priority_and_says_why(text: str, priority: Priority, code: str) -> None:
    verdict = judge(text)
    assert verdict.priority.label == priority
    assert code in priority_codes(verdict)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Our production is down", "OUTAGE_FOR_ALL"),
        ("my account was hacked", "SECURITY"),
        ("I'll take you to court", "LEGAL_THREAT"),
        ("I'll ask my bank for a chargeback", "LEGAL_THREAT"),
        ("I want to speak to a human", "ASKS_FOR_PERSON"),
        ("please call me on 0171 555", "ASKS_FOR_PERSON"),
        ("put me through to your manager", "ASKS_FOR_PERSON"),
        ("the battery exploded", "SAFETY"),
    ],
)
def test_some_causes_send_the_ticket_to_a_person(text: str, code: str) -> None:
    assert escalation_codes(judge(text)) == [code]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The heater caught on fire this week while I slept", "SAFETY"),
        ("my whole kitchen was on fire because of your toaster", "SAFETY"),
        ("Help, the battery is on fire", "SAFETY"),
        ("the adapter is smoking and smells of plastic", "SAFETY"),
        ("the glass jug exploded in my hands", "SAFETY"),
        ("my daughter got hurt by the loose screw", "SAFETY"),
        ("Then I will see you in court.", "LEGAL_THREAT"),
        ("we are ready to settle this in court", "LEGAL_THREAT"),
        ("I am taking this to court if nothing happens", "LEGAL_THREAT"),
        ("I shall complain to the regulator about your fees", "LEGAL_THREAT"),
        ("the financial regulator will be interested", "LEGAL_THREAT"),
        ("I am going to sue", "LEGAL_THREAT"),
        ("My attorney has been told", "LEGAL_THREAT"),
        ("Please call me.", "ASKS_FOR_PERSON"),
        ("could somebody call me about this", "ASKS_FOR_PERSON"),
        ("Call me back on my mobile", "ASKS_FOR_PERSON"),
        ("You can call me tomorrow after nine", "ASKS_FOR_PERSON"),
        ("get me a human being and not a bot", "ASKS_FOR_PERSON"),
        ("there are unauthorized charges on my card", "SECURITY"),
        ("nobody can access the shared drive", "OUTAGE_FOR_ALL"),
    ],
)
def test_a_threat_is_heard_however_it_is_put(text: str, code: str) -> None:
    assert escalation_codes(judge(text)) == [code]


@pytest.mark.parametrize(
    "text",
    [
        "My team is on fire this season",
        "Great work, you guys are on fire",
        "our traffic exploded after the campaign",
        "Is smoking allowed in the rooms?",
        "what is injury time in the match view",
        "the voltage regulator in the diagram: which part number?",
        "the regulator in the kit has a blue knob",
        "We met in court 5 at the tennis club, no issue",
        "the walk from reception to court 3",
        "I am a lawyer and would like the plan for small firms",
        "where do I upload a power of attorney",
        "I sent the parcel to Sue",
        "Will Sue get a copy of the newsletter?",
        "Please call me Bob. How do I change the colour of the theme?",
        "you can call me Al",
        "I clicked on I'm not a robot",
        "how do I change the role to a manager",
        "the request returns 401 Unauthorized with a fresh key",
        "I read of you on Hacker News",
        "how do I make sure nobody can access my folder",
    ],
)
def test_words_that_also_have_a_harmless_sense_escalate_nothing(text: str) -> None:
    assert escalation_codes(judge(text)) == []


def test_a_harmless_phrase_hides_no_threat_beside_it() -> None:
    verdict = judge("My team is on fire, and so is your charger: it is on fire")
    assert escalation_codes(verdict) == ["SAFETY"]


@pytest.mark.parametrize(
    "text",
    [
        "Where can I download my invoice?",
        "production is fine, thanks",
        "I was not charged twice",
        "there is no data breach",
        "please don't call me",
        "we have never been hacked",
        "Sue asked me about the parcel",
        "the suede shoes in the photo",
        "the bottle is leaking",
    ],
)
def test_what_is_denied_or_only_looks_alike_is_no_cause(text: str) -> None:
    verdict = judge(text)
    assert verdict.priority.label == Priority.MEDIUM
    assert verdict.priority_reasons == verdict.escalation_reasons == ()


def test_a_denial_in_the_sentence_before_denies_nothing() -> None:
    assert escalation_codes(judge("I could not. Production is down")) == ["OUTAGE_FOR_ALL"]


def test_not_only_denies_nothing() -> None:
    assert escalation_codes(judge("not only was I hacked")) == ["SECURITY"]


def test_a_phrase_does_not_run_across_sentences() -> None:
    assert judge("Look at production. Is down the right word?").escalation_reasons == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("I want to kill\nmyself", "SAFETY"),
        ("the charger caught\nfire", "SAFETY"),
        ("> the charger caught\n> fire", "SAFETY"),
        ("If this is not solved I will take legal\naction against you.", "LEGAL_THREAT"),
        ("I think someone logged\r\ninto my account from abroad.", "SECURITY"),
        ("I want to speak to a\nmanager", "ASKS_FOR_PERSON"),
    ],
)
def test_a_phrase_goes_on_in_the_next_line(text: str, code: str) -> None:
    assert escalation_codes(judge(text)) == [code]


def test_evidence_from_two_lines_is_one_line() -> None:
    (reason,) = judge("I think someone logged\r\ninto my account.").escalation_reasons
    assert reason.evidence == "I think someone logged into my account."


@pytest.mark.parametrize(
    "text",
    [
        "What can I kill\n\nmyself",
        "What can I kill\r\n\r\nmyself",
        "What can I kill\n- myself",
        "What can I kill\n\u2022 myself",
        "What can I kill\n> myself",
        "> What can I kill\nmyself",
        "I will not\nsue you",
        "our team is on\nfire",
    ],
)
def test_what_stands_apart_is_no_phrase_and_what_is_denied_stays_so(text: str) -> None:
    assert escalation_codes(judge(text)) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("the app does not work\nthe site is down", "OUTAGE_FOR_ALL"),
        ("Is it mended? No\nthe site is down", "OUTAGE_FOR_ALL"),
        ("our store is down\nthe customers wait", "OUTAGE_FOR_ALL"),
        ("it says so\nnobody can access the files", "OUTAGE_FOR_ALL"),
        ("Please call me\nBob", "ASKS_FOR_PERSON"),
    ],
)
def test_the_line_above_takes_nothing_from_a_phrase(text: str, code: str) -> None:
    assert escalation_codes(judge(text)) == [code]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("I will not hesitate to sue you", "LEGAL_THREAT"),
        ("I won't hesitate to sue you", "LEGAL_THREAT"),
        ("We will not rule out legal action", "LEGAL_THREAT"),
        ("I'm not joking I'll kill myself", "SAFETY"),
        ("I am not kidding this is fraud", "SECURITY"),
        ("I have no idea who hacked my account", "SECURITY"),
        ("No doubt fraud", "SECURITY"),
        ("not only is the site down", "OUTAGE_FOR_ALL"),
        ("it does not work and exploded", "SAFETY"),
    ],
)
def test_a_denial_of_something_else_hides_no_cause(text: str, code: str) -> None:
    assert escalation_codes(judge(text)) == [code]


@pytest.mark.parametrize(
    "text",
    [
        "I will not sue you",
        "I have no idea how but we were not hacked",
        "nobody was hurt",
        "nobody was injured",
        "no one has been injured",
        "there is no fire",
        "it was not on fire",
        "there was no gas leak",
    ],
)
def test_what_is_denied_escalates_nothing(text: str) -> None:
    assert escalation_codes(judge(text)) == []


def test_without_a_rule_the_priority_is_medium_and_unsure() -> None:
    priority = judge("Which colours do you sell?").priority
    assert priority.label == Priority.MEDIUM
    assert priority.confidence < 0.5


def test_rules_that_agree_are_surer_than_one() -> None:
    one = judge("I was charged twice").priority
    two = judge("I was charged twice and need it back by tomorrow").priority
    assert one.label == two.label == Priority.HIGH
    assert two.confidence > one.confidence


def test_three_causes_make_it_urgent() -> None:
    text = "Charged twice, still no reply, and the deadline is near"
    assert judge(text).priority.label == Priority.URGENT


def test_causes_that_contradict_cancel_out_and_are_unsure() -> None:
    priority = judge("I was charged twice, but there is no rush").priority
    assert priority.label == Priority.MEDIUM
    assert priority.confidence < 0.5


@pytest.mark.parametrize(
    ("text", "without", "with_plan"),
    [
        ("no rush", Priority.LOW, Priority.MEDIUM),
        ("a question", Priority.MEDIUM, Priority.HIGH),
        ("I was charged twice", Priority.HIGH, Priority.URGENT),
        ("production is down", Priority.URGENT, Priority.URGENT),
    ],
)
def test_the_enterprise_plan_raises_by_one_step(
    text: str, without: Priority, with_plan: Priority
) -> None:
    assert judge(text, {"plan": "pro"}).priority.label == without
    verdict = judge(text, {"plan": "Enterprise"})
    assert verdict.priority.label == with_plan
    assert "plan=enterprise" in [reason.evidence for reason in verdict.priority_reasons]


@pytest.mark.parametrize(
    ("contacts", "priority"),
    [
        ("0", Priority.MEDIUM),
        ("1", Priority.MEDIUM),
        ("2", Priority.HIGH),
        ("many", Priority.MEDIUM),
    ],
)
def test_two_previous_contacts_raise(contacts: str, priority: Priority) -> None:
    assert judge("hello", {"previous_contacts": contacts}).priority.label == priority


@pytest.mark.parametrize("text", ["charged 999.99 EUR", "charged for order 48213", "paid 12 $"])
def test_small_amounts_and_other_numbers_are_no_large_amount(text: str) -> None:
    assert "LARGE_AMOUNT" not in priority_codes(judge(text))


def test_a_category_may_always_go_to_a_person() -> None:
    verdict = BOOK.judge("hello", {}, EscalationPolicy.ALWAYS)
    assert escalation_codes(verdict) == ["CATEGORY_POLICY"]


def test_evidence_is_the_customers_own_words() -> None:
    text = "Dear team,\nthis is the second week and I can\u2019t  log in since Monday.\nBye"
    (reason,) = judge(text).priority_reasons
    assert reason.evidence == "this is the second week and I can\u2019t  log in since Monday."


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_phrase_of_a_rule_fires_it(rule: Rule) -> None:
    for phrase in rule.phrases:
        verdict = judge(f"Well, {phrase.upper()}!")
        assert rule.code in priority_codes(verdict) + escalation_codes(verdict), phrase


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_harmless_phrase_of_a_rule_holds_it_back(rule: Rule) -> None:
    for phrase in rule.harmless:
        assert any(said in phrase for said in rule.phrases), phrase
        assert rule.code not in escalation_codes(judge(phrase)), phrase


def test_evidence_of_a_phrase_at_the_end_of_a_clause_is_the_customers_own_words() -> None:
    (reason,) = judge("The order is late. Please CALL me!").escalation_reasons
    assert reason.evidence == "The order is late. Please CALL me!"


@given(any_text)
def test_any_text_gets_a_verdict_within_the_contract(text: str) -> None:
    verdict = judge(text)
    chances = [verdict.priority.confidence, *(c for _, c in verdict.priority.runners_up)]
    assert sum(chances) <= 1 + 1e-9
    for reason in (*verdict.priority_reasons, *verdict.escalation_reasons):
        assert re.fullmatch("[A-Z][A-Z0-9_]*", reason.code)
        assert len(reason.evidence) <= EVIDENCE_CHARACTERS
