"""Trains by itself: after so many new labels, or so long after the last training."""

import logging
from collections.abc import Callable
from contextlib import aclosing

from server.feedback.errors import TooFewLabels, TooManyTrainings, TrainingUnderWay
from server.feedback.training.store import due_tenants
from server.feedback.training.trainings import Trainings
from server.storage.database import Database
from server.storage.errors import StorageUnavailable
from server.storage.rounds import Repeated

LOOK_S = 10.0
PAUSE_S = 3600.0  # before a training that could not be done is tried again
ACTOR = "schedule"


class Schedule:
    """Looks now and then whose training is due. Every process may: one trains at a time."""

    def __init__(
        self, database: Database, trainings: Trainings, clock: Callable[[], float]
    ) -> None:
        self._database = database
        self._trainings = trainings
        self._clock = clock
        self._not_before: dict[str, float] = {}  # of tenants whose training has failed
        self._logger = logging.getLogger("switchyard.training-schedule")
        self._looking = Repeated("training-schedule", self.look, LOOK_S)

    def start(self) -> None:
        """Start to look."""
        self._looking.start()

    async def stop(self) -> None:
        """End the training that is under way, and look no more."""
        await self._looking.stop()

    async def look(self) -> None:
        """Train whatever is due. Raises StorageUnavailable."""
        now = self._clock()
        self._not_before = {t: until for t, until in self._not_before.items() if until > now}
        for tenant in await due_tenants(self._database):
            if tenant not in self._not_before:
                await self._train(tenant)

    async def _train(self, tenant: str) -> None:
        """Whatever is wrong with one tenant's training keeps no other's from its turn."""
        try:
            steps = self._trainings.train(tenant, ACTOR, activates=True)
            async with aclosing(steps):
                async for _ in steps:
                    pass
        except (TrainingUnderWay, TooManyTrainings):
            return
        except StorageUnavailable:
            raise
        except Exception as error:
            self._not_before[tenant] = self._clock() + PAUSE_S
            if not isinstance(error, TooFewLabels):
                self._logger.exception("the training of %s failed", tenant)
