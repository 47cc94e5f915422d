"""How a tenant puts feedback to use."""

from dataclasses import dataclass
from datetime import datetime

from server.audit.store import Facts


@dataclass(frozen=True, slots=True)
class Settings:
    """Nothing is set in motion by itself, unless it is asked for here."""

    train_after_labels: int = 0  # 0: not by their number
    train_every_s: float | None = None  # None: not by the clock
    most_overturned: float = 0.0  # share beyond which an alarm is raised; 0.0: none is
    rolls_back: bool = False  # whether what is flagged is taken back
    revision: int = 0  # 0: never set
    update_time: datetime | None = None

    @property
    def etag(self) -> str:
        """Names this version of them."""
        return f"r{self.revision}"


def facts_of(settings: Settings) -> Facts:
    """The settings for the audit log."""
    return {
        "train_after_labels": settings.train_after_labels,
        "train_every_s": settings.train_every_s,
        "most_overturned": settings.most_overturned,
        "roll_back": settings.rolls_back,
    }
