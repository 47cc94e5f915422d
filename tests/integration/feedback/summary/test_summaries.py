"""Feedback in figures, as the database adds it up."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from server.feedback.submission.feedback import Acceptance, Correction, Said
from server.feedback.submission.store import FeedbackFilter
from server.feedback.summary.store import MOST_GROUPS
from server.feedback.summary.summary import Agreement, Grouping, Share, Summary
from server.triage.assessment import Prediction, Priority
from server.triage.engine import EngineVersion
from server.triage.run import Enrolled
from tests.integration.feedback.summary.conftest import Reviewers
from tests.unit.feedback.alarm.runs import START

ACCEPTED = Said(acceptance=Acceptance.ACCEPTED)
REJECTED = Said(acceptance=Acceptance.REJECTED)
REFUND = Said(correction=Correction(category="refund"))


def rated(rating: int) -> Said:
    """A rating alone."""
    return Said(rating=rating)


def sizes(groups: Mapping[str, Summary]) -> dict[str, int]:
    """Runs of each group."""
    return {key: summary.runs for key, summary in groups.items()}


async def test_nothing_said_sums_up_to_nothing(reviewers: Reviewers) -> None:
    whole, groups = await reviewers.summary(grouping=Grouping.CATEGORY)
    assert (whole.runs, whole.feedback, groups) == (0, 0, {})
    assert whole.overturned == Share(0, 0)
    assert whole.agreement == Agreement()


async def test_each_field_has_its_own_share(reviewers: Reviewers) -> None:
    await reviewers.say(reviewers.run(), ACCEPTED)
    await reviewers.say(reviewers.run(), Said(correction=Correction(priority=Priority.URGENT)))
    whole, _ = await reviewers.summary()
    assert whole.fields == {
        "category": Share(0, 1),
        "priority": Share(1, 2),
        "sentiment": Share(0, 0),
        "escalation": Share(0, 1),
        "reply": Share(0, 0),
    }


async def test_a_rejected_answer_is_overturned_whatever_was_wrong(reviewers: Reviewers) -> None:
    await reviewers.say(reviewers.run(), REJECTED)
    await reviewers.say(reviewers.run(), ACCEPTED)
    await reviewers.say(reviewers.run(), rated(5))
    whole, _ = await reviewers.summary()
    assert (whole.overturned, whole.accepted) == (Share(1, 2), Share(1, 2))


async def test_a_run_of_several_reviewers_counts_once_by_the_newest(reviewers: Reviewers) -> None:
    run = reviewers.run()
    await reviewers.say(run, REFUND, "ann")
    await reviewers.say(run, ACCEPTED, "ben")
    await reviewers.say(run, rated(4), "cid")
    whole, _ = await reviewers.summary()
    assert (whole.runs, whole.feedback) == (1, 3)
    assert whole.overturned == whole.fields["category"] == Share(0, 1)


async def test_what_was_replaced_counts_no_more(reviewers: Reviewers) -> None:
    run = reviewers.run()
    first = await reviewers.say(run, rated(1))
    await reviewers.say(run, rated(5), replaces=first)
    whole, _ = await reviewers.summary()
    assert (whole.feedback, whole.ratings.counts) == (1, (0, 0, 0, 0, 1))


async def test_every_rating_counts(reviewers: Reviewers) -> None:
    run = reviewers.run()
    for at, rating in enumerate((1, 4, 5, 5)):
        await reviewers.say(run, rated(rating), f"reviewer-{at}")
    whole, _ = await reviewers.summary()
    assert whole.ratings.counts == (1, 0, 0, 1, 2)
    assert whole.ratings.satisfied == Share(3, 4)


async def test_agreement_is_that_of_runs_that_two_have_judged(reviewers: Reviewers) -> None:
    for at in range(12):
        run = reviewers.run(category=Prediction(("billing", "shipping")[at % 2], 0.5))
        await reviewers.say(run, ACCEPTED, "ann")
        if at < 11:
            await reviewers.say(run, REFUND if at == 0 else ACCEPTED, "ben")
    whole, _ = await reviewers.summary()
    (pair,) = whole.agreement.pairs
    assert (whole.agreement.runs, pair.runs) == (11, 11)
    assert whole.agreement.observed == pytest.approx(10 / 11)
    assert whole.agreement.alpha is not None


async def test_each_group_has_an_agreement_of_its_own(reviewers: Reviewers) -> None:
    for category, second in (("billing", ACCEPTED), ("shipping", REFUND)):
        run = reviewers.run(category=Prediction(category, 0.5))
        await reviewers.say(run, ACCEPTED, "ann")
        await reviewers.say(run, second, "ben")
    _, groups = await reviewers.summary(grouping=Grouping.CATEGORY)
    assert {key: group.agreement.observed for key, group in groups.items()} == {
        "billing": 1.0,
        "shipping": 0.0,
    }


@pytest.mark.parametrize(
    ("grouping", "key"),
    [
        (Grouping.CATEGORY, "refund"),
        (Grouping.LANGUAGE, "de"),
        (Grouping.MODEL, "embedded linear-ngram ffff"),
        (Grouping.VARIANT, "experiments/x b"),
    ],
)
async def test_groups_are_what_answers_have_in_common(
    reviewers: Reviewers, grouping: Grouping, key: str
) -> None:
    answer = {
        "category": Prediction("refund", 0.5),
        "language": Prediction("de", 0.9),
        "engine": EngineVersion("embedded", "linear-ngram", "ffff", 1),
        "experiment": Enrolled("experiments/x", "b", 1, 1),
    }
    await reviewers.say(reviewers.run(**answer), ACCEPTED)
    await reviewers.say(reviewers.run(**answer), REJECTED)
    await reviewers.say(reviewers.run(), ACCEPTED)
    whole, groups = await reviewers.summary(grouping=grouping)
    assert whole.runs == 3
    assert next(iter(groups)) == key  # the largest first
    assert groups[key].overturned == Share(1, 2)


async def test_answers_of_a_language_model_are_grouped_by_their_prompt(
    reviewers: Reviewers,
) -> None:
    engine = EngineVersion("llm", "groq/llama", "triage-2 temperature=0.5", 1)
    await reviewers.say(reviewers.run(engine=engine), ACCEPTED)
    await reviewers.say(reviewers.run(), ACCEPTED)
    _, groups = await reviewers.summary(grouping=Grouping.PROMPT)
    assert sizes(groups) == {"": 1, "triage-2": 1}


@pytest.mark.parametrize(
    ("grouping", "keys"),
    [
        (Grouping.DAY, {"2026-01-01": 1, "2026-01-02": 2, "2026-01-05": 1}),
        (Grouping.WEEK, {"2025-12-29": 3, "2026-01-05": 1}),
    ],
)
async def test_days_and_weeks_come_in_order_of_time(
    reviewers: Reviewers, grouping: Grouping, keys: Mapping[str, int]
) -> None:
    for day in (5, 2, 1, 2):
        await reviewers.say(
            reviewers.run(time=datetime(2026, 1, day, 23, 30, tzinfo=UTC)), ACCEPTED
        )
    _, groups = await reviewers.summary(grouping=grouping)
    assert list(sizes(groups).items()) == list(keys.items())


async def test_a_run_belongs_to_each_of_its_reviewers_with_what_that_one_says(
    reviewers: Reviewers,
) -> None:
    run = reviewers.run()
    await reviewers.say(run, REFUND, "ann")
    await reviewers.say(run, ACCEPTED, "ben")
    whole, groups = await reviewers.summary(grouping=Grouping.REVIEWER)
    assert whole.overturned == Share(0, 1)
    assert {key: group.overturned for key, group in groups.items()} == {
        "ann": Share(1, 1),
        "ben": Share(0, 1),
    }


async def test_of_many_groups_the_largest_are_told(reviewers: Reviewers) -> None:
    run = reviewers.run()
    for at in range(MOST_GROUPS + 2):
        await reviewers.say(run, rated(3), f"reviewer-{at:03}")
    await reviewers.say(reviewers.run(), rated(3), "reviewer-201")
    whole, groups = await reviewers.summary(grouping=Grouping.REVIEWER)
    assert (whole.feedback, len(groups)) == (MOST_GROUPS + 3, MOST_GROUPS)
    assert next(iter(groups)) == "reviewer-201"


@pytest.mark.parametrize(
    ("which", "pieces"),
    [
        (FeedbackFilter(reviewer="ben"), 1),
        (FeedbackFilter(category="shipping"), 1),
        (FeedbackFilter(is_overturned=True), 1),
        (FeedbackFilter(start_time=START + timedelta(seconds=2)), 2),
        (FeedbackFilter(end_time=START + timedelta(seconds=2)), 1),
        (FeedbackFilter(start_time=START + timedelta(seconds=1.0005)), 2),
        (FeedbackFilter(run_id="0" * 32), 0),
    ],
)
async def test_a_filter_chooses_what_is_summed_up(
    reviewers: Reviewers, which: FeedbackFilter, pieces: int
) -> None:
    await reviewers.say(reviewers.run(), ACCEPTED)
    await reviewers.say(reviewers.run(), REFUND, "ben")
    await reviewers.say(reviewers.run(category=Prediction("shipping", 0.5)), ACCEPTED)
    whole, _ = await reviewers.summary(which)
    assert whole.feedback == pieces


async def test_another_tenants_feedback_is_not_seen(
    reviewers: Reviewers,
) -> None:
    await reviewers.say(reviewers.run(), ACCEPTED)
    other = Reviewers(reviewers.databases, "nobody")
    assert (await other.summary())[0].feedback == 0
