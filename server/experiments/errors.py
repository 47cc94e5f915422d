"""What can be wrong with an experiment, an assignment or an outcome."""

from collections.abc import Sequence

from server.violation import FieldViolation


class ExperimentError(Exception):
    """Something about an experiment."""


class InvalidExperiment(ExperimentError):
    """An experiment that cannot be: each fault with its place."""

    def __init__(self, faults: Sequence[FieldViolation]) -> None:
        super().__init__("; ".join(f"{fault.field} {fault.rule}" for fault in faults))
        self.faults = tuple(faults)


class ExperimentNotFound(ExperimentError):
    """There is none of this name in the tenant."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class ExperimentIdTaken(ExperimentError):
    """There is or was one of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class NotPossibleNow(ExperimentError):
    """A change that the experiment's state forbids."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name} {why}")
        self.name = name
        self.why = why  # follows the name: "is archived; ..."


class StaleExperiment(ExperimentError):
    """The experiment has changed since it was read."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class InvalidOutcome(ExperimentError):
    """An outcome that the metric cannot take."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field} {rule}")
        self.fault = FieldViolation(field, rule)


class OutcomeRefused(ExperimentError):
    """An outcome of a unit that was not exposed, not yet, or too long ago."""

    def __init__(self, reason: str, why: str) -> None:
        super().__init__(why)
        self.reason = reason  # UPPER_SNAKE
        self.why = why
