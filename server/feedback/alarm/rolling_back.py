"""Takes back what is flagged, by what other parts of the house offer for it."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime

from server.experiments.errors import ExperimentError, NotPossibleNow
from server.experiments.experiment import TRIAGE_LAYER, Experiment, Parameters
from server.experiments.lifecycle import stopped
from server.experiments.store import ExperimentStore
from server.feedback.alarm.subjects import Kind, Subject
from server.feedback.alarm.watch_store import ACTOR
from server.triage.errors import ModelDamaged, ModelNotFound, ModelOutdated
from server.triage.models.model import OWN
from server.triage.models.model_store import ModelStore
from server.triage.parameters import MODELS

VARIANT = re.compile(r"(experiments/([^/]+))/.+ phase (\d+)")
NOTHING = "Nothing was taken back:"


class RollBacks:
    """Rolls models, experiments and their winners back. Raises StorageUnavailable alone."""

    def __init__(
        self, models: ModelStore, experiments: ExperimentStore, now: Callable[[], datetime]
    ) -> None:
        self._models = models
        self._experiments = experiments
        self._now = now

    async def roll_back(self, tenant: str, subject: Subject, why: str) -> str:
        """Take it back for the reason `why`; what was done, in one plain sentence."""
        try:
            if subject.kind is Kind.VARIANT:
                return await self._stop_experiment(tenant, subject, why)
            if subject.kind is Kind.PROMPT or subject.name.startswith(f"{MODELS} "):
                return await self._roll_back_winner(tenant, subject)
            return await self._activate_before(tenant, subject)
        except (ExperimentError, ModelNotFound, ModelOutdated, ModelDamaged) as error:
            return f"{NOTHING} {error}."

    async def _activate_before(self, tenant: str, subject: Subject) -> str:
        """Let the model answer that did before the flagged one."""
        version, before = await self._models.active(tenant)
        if version == OWN:
            return f"{NOTHING} no trained model answers."
        flagged = await self._models.get(tenant, version)
        if not flagged.digest.startswith(subject.name.split(" ")[-1]):
            return f"{NOTHING} another model answers by now."
        if before >= version:  # the one before was taken back itself
            return f"{NOTHING} there is no model before {flagged.name}."
        if not await self._models.activate(tenant, before, ACTOR, expected=version):
            return f"{NOTHING} another model answers by now."
        return f"{flagged.name} was taken back, and models/{before} answers."

    async def _stop_experiment(self, tenant: str, subject: Subject, why: str) -> str:
        """Stop the experiment of a variant, unless it is in another phase by now."""
        found = VARIANT.fullmatch(subject.name)
        if found is None:
            return f"{NOTHING} {subject.name} names no variant."
        name, experiment_id, phase = found.groups()

        def stop(current: Experiment, _others: Sequence[Experiment]) -> Experiment:
            if current.phase != int(phase):
                raise NotPossibleNow(current.name, f"is in phase {current.phase} by now")
            return stopped(current, why, self._now())

        await self._experiments.change(tenant, experiment_id, "", stop, ACTOR, "experiment.stop")
        return f"{name} was stopped."

    async def _roll_back_winner(self, tenant: str, subject: Subject) -> str:
        """Give triage the defaults back that it had before a winner brought the flagged one."""
        applied = await self._experiments.applied(tenant, TRIAGE_LAYER)
        if applied is None or not _has_brought(applied[1], subject):
            return f"{NOTHING} no experiment's winner brought {subject.name}."
        experiment_id, _ = applied
        await self._experiments.roll_back(tenant, experiment_id, "", ACTOR)
        return f"The winner of experiments/{experiment_id} was rolled back."


def _has_brought(parameters: Parameters, subject: Subject) -> bool:
    """Whether it is these parameters that tickets are triaged so for."""
    if subject.kind is Kind.PROMPT:
        return parameters.get("prompt") == subject.name
    provider = subject.name.removeprefix(f"{MODELS} ").partition("/")[0]
    if "model" in parameters:
        return parameters["model"] == provider
    return parameters.get("engine") == MODELS
