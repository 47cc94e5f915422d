"""Predictions of a trained model."""

import numpy as np
import pytest
from hypothesis import given, settings

from server.engines.embedded.calibration import SIGNALS, Calibration
from server.engines.embedded.features import BUCKETS, bucket_ids
from server.engines.embedded.model import LinearModel
from server.engines.embedded.training import train_model
from server.triage.taxonomy import Category, Taxonomy
from tests.unit.engines.hostile import any_text

AUTOMATIC_FROM = 0.85  # the setting that the server starts with
# None of these is learned.
EVERYDAY = (
    "how deep is lake superior",
    "who discovered penicillin",
    "why does my parrot pull out its feathers",
    "which mushrooms can one eat raw",
    "are there any good bakeries in ghent",
    "what does the word serendipity mean",
    "do penguins have knees",
    "where can i watch the eclipse",
    "what is the population of uruguay",
    "how do i get candle wax off a table",
    "which companies build satellites",
    "what do economists say about interest rates",
    "how many hours should a teenager sleep",
    "is it true that honey never goes bad",
    "what should i cook for eight people",
    "who is your favourite singer",
    "your mother was a hamster",
    "let us talk about something else",
    "how much does an elephant weigh",
    "when does the ski season start in norway",
)
BEFORE_BUYING = (
    "when do you open on sundays",
    "do you have a store in Leeds",
    "is there a discount for pensioners",
    "what is the difference between your two plans",
    "is the jacket waterproof",
    "do you have this lamp in blue",
    "how do I reach your sales team",
    "how many users does the pro plan include",
    "do you run courses for beginners",
    "are you open on bank holidays",
)


@pytest.fixture(scope="session")
def small_model() -> LinearModel:
    """Three categories of six examples."""
    subjects = {
        "refund": ("money back", "refund", "return my payment"),
        "login": ("password reset", "log in", "locked out of my account"),
        "parcel": ("parcel tracking", "delivery is late", "package has not arrived"),
    }
    frames = ("my {} please", "question on {}")
    return train_model(
        [
            Category(name, name, "", tuple(f.format(w) for w in words for f in frames))
            for name, words in subjects.items()
        ]
    )


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("I was charged twice on my credit card, see invoice 4471", "billing"),
        ("The tracking says delivered but no parcel has come", "shipping"),
        ("how do I reset my password, the mail never arrives", "account"),
        ("Your REST API answers 401 although the OAuth token is fresh", "integration"),
        ("Please add a dark mode to the dashboard", "feature_request"),
        ("I got a phishing mail in your name asking for my password", "security_abuse"),
        ("cancel my subscription and give me my money back", "refund_cancellation"),
    ],
)
def test_starter_model_knows_everyday_tickets(
    starter_model: LinearModel, text: str, category: str
) -> None:
    assert starter_model.predict(text).label == category


def test_a_category_added_with_five_examples_is_predicted(starter: Taxonomy) -> None:
    examples = (
        "I would like to book a meeting room for Friday",
        "is the large conference room free on Tuesday",
        "room reservation for 12 people please",
        "cancel our meeting room booking for tomorrow",
        "which meeting rooms have a projector",
    )
    few = tuple(
        Category(c.name, c.title, c.description, c.examples[:20]) for c in starter.categories
    )
    model = train_model([*few, Category("rooms", "Meeting rooms", "", examples)])
    assert model.predict("can we reserve the big meeting room on Monday?").label == "rooms"


def test_text_outside_the_taxonomy_is_less_sure(starter_model: LinearModel) -> None:
    inside = ("my invoice shows the wrong VAT number", "where is my parcel, it is a week late")
    outside = (
        "Simmer the onions in butter until soft, then add stock and a bay leaf",
        "The goalkeeper saved two penalties in extra time and the crowd sang",
    )
    sure = min(starter_model.predict(text).confidence for text in inside)
    unsure = max(starter_model.predict(text).confidence for text in outside)
    assert unsure < 0.5 < sure


def test_small_talk_and_questions_about_the_world_are_hardly_ever_automatic(
    starter_model: LinearModel,
) -> None:
    said = [starter_model.predict(text) for text in EVERYDAY]
    assert sum(one.confidence >= AUTOMATIC_FROM for one in said) <= 1


def test_questions_before_buying_are_mostly_automatic(starter_model: LinearModel) -> None:
    said = [starter_model.predict(text) for text in BEFORE_BUYING]
    assert sum(one.label == "general_question" for one in said) >= len(said) - 1
    assert sum(one.confidence >= AUTOMATIC_FROM for one in said) >= len(said) // 2


@pytest.mark.parametrize("text", ["", "\U0001f44d", "\u6ce8\u6587\u306f\u3069\u3053", "qqqq"])
def test_text_of_unknown_features_is_no_surer_than_chance(
    small_model: LinearModel, text: str
) -> None:
    assert small_model.predict(text).confidence <= 1 / 4


def test_a_category_is_known_by_its_title_and_description() -> None:
    model = train_model(
        [
            Category("a", "Invoices", "Bills, receipts and taxes. No refunds.", ("hello there",)),
            Category("b", "Parcels", "Deliveries and couriers.", ("good morning",)),
        ]
    )
    assert model.predict("a question on taxes").label == "a"
    assert model.predict("the couriers were rude").label == "b"


def test_more_of_the_right_words_never_lower_the_confidence(small_model: LinearModel) -> None:
    weak = small_model.predict("my refund or my password")
    strong = small_model.predict("my refund please")
    assert strong.label == "refund"
    assert strong.confidence > weak.confidence


def test_two_categories_of_one_example_are_told_apart_with_low_confidence(
    two_categories: tuple[Category, ...],
) -> None:
    prediction = train_model(two_categories).predict("is my invoice wrong")
    assert prediction.label == "billing"
    assert prediction.confidence < 0.5


def test_examples_without_any_word_train_a_model_that_knows_nothing() -> None:
    model = train_model([Category("a", "A", "", ("?!",)), Category("b", "B", "", ("...",))])
    assert model.predict("anything").confidence <= 1 / 3


def test_a_model_that_saw_every_bucket_finds_the_weights_of_each() -> None:
    weights = np.zeros((BUCKETS, 2), np.float16)
    weights[bucket_ids("refund"), 0] = weights[bucket_ids("parcel"), 1] = 1
    model = LinearModel(
        names=("money", "delivery"),
        buckets=np.arange(BUCKETS, dtype=np.uint32),
        weights=weights,
        idf=np.linspace(1, 2, BUCKETS, dtype=np.float32)[::-1],
        intercepts=np.zeros(2, np.float32),
        unseen_idf=2.0,
        calibration=Calibration(6.5, (1.0,) * len(SIGNALS), 0.9),
        training_digest=b"",
    )
    assert model.predict("refund").label == "money"
    assert model.predict("parcel").label == "delivery"


@settings(max_examples=60)
@given(text=any_text)
def test_probabilities_are_ordered_and_sum_to_at_most_one(
    small_model: LinearModel, text: str
) -> None:
    prediction = small_model.predict(text)
    chances = [prediction.confidence, *(chance for _, chance in prediction.runners_up)]
    assert chances == sorted(chances, reverse=True)
    assert all(chance >= 0 for chance in chances)
    assert sum(chances) <= 1 + 1e-9


def test_training_twice_gives_the_same_model(two_categories: tuple[Category, ...]) -> None:
    first, second = train_model(two_categories), train_model(two_categories)
    assert (first.weights == second.weights).all()
    assert first.calibration == second.calibration
