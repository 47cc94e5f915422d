"""The starter engine, loaded once, and small taxonomies."""

import pytest

from server.engines.embedded.engine import EmbeddedEngine, EmbeddedEngineMaker
from server.engines.embedded.model import LinearModel
from server.engines.embedded.model_file import load_model
from server.triage.starter import starter_taxonomy
from server.triage.taxonomy import Category, Taxonomy


@pytest.fixture(scope="session")
def maker() -> EmbeddedEngineMaker:
    return EmbeddedEngineMaker()


@pytest.fixture(scope="session")
def starter() -> Taxonomy:
    return starter_taxonomy()


@pytest.fixture(scope="session")
def starter_model(maker: EmbeddedEngineMaker) -> LinearModel:
    return load_model(maker.starter_model())


@pytest.fixture(scope="session")
def starter_engine(maker: EmbeddedEngineMaker, starter: Taxonomy) -> EmbeddedEngine:
    return maker.load(maker.starter_model(), starter)


@pytest.fixture(scope="session")
def two_categories() -> tuple[Category, ...]:
    """The smallest legal taxonomy: two categories of one example each."""
    return (
        Category("billing", "Billing", "", ("my invoice is wrong",)),
        Category("shipping", "Shipping", "", ("the parcel is late",)),
    )
