"""Automation: error budgets, and how they stand for each tenant."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from server.composition.ground import Ground
from server.triage.automation.catalog import AutomationCatalog
from server.triage.automation.counting_store import GateCounter
from server.triage.automation.store import AutomationStore
from server.triage.decision import DecisionPolicy


@dataclass(frozen=True, slots=True)
class AutomationParts:
    """Automation, as other parts need it."""

    budgets: AutomationStore
    catalog: AutomationCatalog
    counter: GateCounter
    policy: DecisionPolicy


def make_automation(ground: Ground) -> AutomationParts:
    budgets = AutomationStore(ground.database)
    catalog = AutomationCatalog(budgets.standing, time.monotonic)
    counter = GateCounter(ground.database, _now)
    counter.start()
    ground.stack.push_async_callback(counter.stop)
    draw: Callable[[], float] = random.SystemRandom().random
    policy = DecisionPolicy(ground.settings.automatic_min_confidence, catalog.of, draw)
    return AutomationParts(budgets, catalog, counter, policy)


def _now() -> datetime:
    return datetime.now(UTC)
