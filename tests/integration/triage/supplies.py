"""What triage makes its engines of, for tests that build its parts themselves."""

from collections.abc import Mapping

from server.engines.embedded.remote import digest_of_model
from server.storage.database import Database
from server.triage.engine import EngineMaker
from server.triage.examples.label_store import LabelStore
from server.triage.models.model_store import ModelStore
from server.triage.starter import starter_taxonomy
from server.triage.supply import Active, Report, Supply
from server.triage.taxonomy_store import TaxonomyStore


def _nobody_hears(_line: Mapping[str, object]) -> None:
    """Where no test asks."""


async def make_supply(
    database: Database, maker: EngineMaker, report: Report = _nobody_hears
) -> Supply:
    """A supply upon the database, with the starter taxonomy."""
    starter = starter_taxonomy()
    return Supply(
        taxonomies=TaxonomyStore(database),
        models=ModelStore(database, digest_of_model, maker.starter_model),
        labels=LabelStore(database),
        maker=maker,
        starter=Active(starter, await maker.load(maker.starter_model(), starter)),
        report=report,
    )


async def newest_number(database: Database, tenant: str) -> int:
    """The number of the label that changed last."""
    pages = LabelStore(database).pages(tenant)
    *_, newest = [stored.number async for page in pages for stored in page]
    return newest
