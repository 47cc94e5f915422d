"""What can go wrong with feedback. `server/errors.py` gives each its status."""

from collections.abc import Sequence

from server.violation import FieldViolation


class FeedbackError(Exception):
    """Anything that feedback raises on purpose."""


class InvalidFeedback(FeedbackError):
    """Feedback that cannot be: each fault with its place."""

    def __init__(self, faults: Sequence[FieldViolation]) -> None:
        super().__init__("; ".join(f"{fault.field} {fault.rule}" for fault in faults))
        self.faults = tuple(faults)


class FeedbackNotFound(FeedbackError):
    """There is none of this name in the tenant."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class FeedbackRequestReused(FeedbackError):
    """A request id that came before with other feedback, `name`."""

    def __init__(self, request_id: str, name: str) -> None:
        super().__init__(request_id)
        self.request_id = request_id
        self.name = name


class FeedbackOfAnother(FeedbackError):
    """Feedback `name` that somebody else has submitted, and that the caller may not replace."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class TooFewLabels(FeedbackError):
    """There is too little to train a model from."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class TrainingUnderWay(FeedbackError):
    """Another training of the same tenant has not ended."""


class TooManyTrainings(FeedbackError):
    """More trainings of other tenants wait for their turn than may."""


class TaxonomyChanged(FeedbackError):
    """The taxonomy has changed while a model was trained for it."""


class OverturnWatchNotFound(FeedbackError):
    """Nothing of this name is watched in the tenant."""

    def __init__(self, kind: str, subject: str) -> None:
        super().__init__(f"{kind} {subject}")
        self.kind = kind
        self.subject = subject
