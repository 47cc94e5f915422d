"""Labels that are learned between trainings."""

import pytest

from server.engines.embedded.engine import EmbeddedEngine, EmbeddedEngineMaker
from server.engines.embedded.neighbours import MOST_LABELS, RecentLabels, votes
from server.triage.engine import Parts
from server.triage.taxonomy import Taxonomy
from server.triage.ticket import Ticket

TEXT = "The flux capacitor of my invoice hums"


@pytest.fixture
def engine(maker: EmbeddedEngineMaker, starter: Taxonomy) -> EmbeddedEngine:
    """An engine of its own: it learns."""
    return maker.load(maker.starter_model(), starter)


def category_of(engine: EmbeddedEngine, text: str) -> str:
    return engine.read(Ticket(id="1", body=text), Parts()).assessment.category.label


def test_a_corrected_text_is_answered_as_corrected_from_then_on(engine: EmbeddedEngine) -> None:
    assert category_of(engine, TEXT) != "shipping"
    engine.recent.learn([("1", TEXT, "shipping", False)])
    assert category_of(engine, TEXT) == "shipping"


def test_a_text_that_resembles_none_is_answered_as_before(engine: EmbeddedEngine) -> None:
    other = "How do I reset my password?"
    before = category_of(engine, other)
    engine.recent.learn([("1", TEXT, "shipping", False)])
    assert category_of(engine, other) == before


def test_a_confirmation_makes_surer(engine: EmbeddedEngine) -> None:
    before = engine.read(Ticket(id="1", body=TEXT), Parts()).assessment.category
    engine.recent.learn([("1", TEXT, before.label, False)])
    after = engine.read(Ticket(id="1", body=TEXT), Parts()).assessment.category
    assert after.label == before.label
    assert after.confidence > before.confidence


def test_a_label_that_is_forgotten_votes_no_more(engine: EmbeddedEngine) -> None:
    before = category_of(engine, TEXT)
    engine.recent.learn([("1", TEXT, "shipping", False)])
    engine.recent.learn([("1", "", "", False)])
    assert category_of(engine, TEXT) == before


def test_the_nearest_four_are_found_the_nearest_first() -> None:
    recent = RecentLabels()
    recent.learn([(str(i), f"{TEXT} {'very ' * i}loud", "billing", False) for i in range(6)])
    found = recent.similar(f"{TEXT} loud")
    assert found[0][0] == "0"
    assert [near for _, _, near in found] == sorted((near for _, _, near in found), reverse=True)
    assert len(found) == 4


def test_of_more_labels_than_may_be_the_newest_are_kept() -> None:
    recent = RecentLabels()
    recent.learn([("first", "alpha bravo", "billing", False)])
    recent.learn([(str(i), f"ticket {i}", "billing", False) for i in range(MOST_LABELS)])
    assert all(label_id != "first" for label_id, _, _ in recent.similar("alpha bravo"))


def test_labels_that_are_not_near_have_no_vote() -> None:
    assert votes([("1", "billing", 0.39)]) == {}


def test_a_near_label_votes_if_the_model_has_not_learned_it() -> None:
    near = [("new", "billing", 0.7), ("old", "shipping", 0.7)]
    assert votes(near, learned={"old"}).keys() == {"billing"}


def test_a_label_of_the_same_text_votes_although_the_model_has_learned_it() -> None:
    assert votes([("old", "shipping", 1.0)], learned={"old"})["shipping"] > 1


def test_a_label_that_was_changed_since_the_training_is_no_longer_one_that_was_learned() -> None:
    recent = RecentLabels()
    recent.learn([("1", TEXT, "billing", True)])
    recent.learn([("1", TEXT, "shipping", False)])
    assert recent.learned == set()
