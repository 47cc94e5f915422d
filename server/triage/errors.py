"""What can go wrong in triage, each with its facts. `server/errors.py` gives each its status."""

from collections.abc import Sequence

from server.violation import FieldViolation


class TriageError(Exception):
    """Anything that triage raises on purpose."""


class InvalidTaxonomy(TriageError):
    """A set of categories that cannot serve."""

    def __init__(self, violations: Sequence[FieldViolation]) -> None:
        super().__init__("; ".join(f"{v.field}: {v.rule}" for v in violations))
        self.violations = tuple(violations)


class InvalidFieldValue(TriageError):
    """A value that a field's type allows and its meaning does not."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.violation = FieldViolation(field, rule)


class StaleEtag(TriageError):
    """An update of something that has changed since it was read."""

    def __init__(self, resource: str) -> None:
        super().__init__(f"{resource} has changed since it was read")
        self.resource = resource


class RunNotFound(TriageError):
    """No such run in the caller's tenant."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class TenantDeleted(TriageError):
    """The tenant was deleted while it was worked for, or is being deleted."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class RequestIdReused(TriageError):
    """A request id that came before with another request; `difference` names what is not the same,
    `run` the run that the id belongs to.
    """

    def __init__(self, request_id: str, run: str, difference: str) -> None:
        super().__init__(f"{request_id}: {difference}")
        self.request_id = request_id
        self.run = run
        self.difference = difference


class ModelUnreadable(TriageError):
    """A stored model that is cut short, tampered with, or of another format."""


class ModelDamaged(ModelUnreadable):
    """A trained model whose bytes are not those that were stored."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not what was stored")
        self.name = name


class ModelNotFound(TriageError):
    """No such model in the caller's tenant."""

    def __init__(self, version: int) -> None:
        super().__init__(f"models/{version}")
        self.name = f"models/{version}"


class ModelOutdated(TriageError):
    """A model that knows another revision of the taxonomy than the one in force."""

    def __init__(self, name: str, revision: int, revision_in_force: int) -> None:
        super().__init__(f"{name} knows revision {revision}, not {revision_in_force}")
        self.name = name
        self.revision = revision
        self.revision_in_force = revision_in_force


class UnknownCategory(TriageError):
    """A category that the tenant neither has nor ever had a run in."""

    def __init__(self, field: str, category: str) -> None:
        super().__init__(category)
        self.violation = FieldViolation(
            field, "names no category of the taxonomy; GetTaxonomy lists them"
        )


class NotAnswered(TriageError):
    """A lesser engine answered than was meant to, and its answer would not do."""
