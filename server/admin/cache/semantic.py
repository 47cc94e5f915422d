"""The semantic cache under its operators: its settings as one setting, for all tenants."""

from dataclasses import asdict, dataclass, field
from typing import Any

from server.admin.errors import InvalidOrder
from server.admin.store import Value
from server.triage.reuse.cache import SemanticCache
from server.triage.reuse.gate import SIMILARITIES, GateSettings

SETTING = "semantic_cache"
SUBJECT = "gates"  # there is one such setting
NEAR = 1e-9  # numbers that are meant to be the same


@dataclass(frozen=True, slots=True)
class SemanticSettings:
    """What operators set."""

    is_enabled: bool = True
    gates: GateSettings = field(default_factory=GateSettings)


class SemanticControl:
    """The settings in force, and the cache that goes by them. None: this process has no embedder;
    what is set counts where there is one.
    """

    def __init__(self, cache: SemanticCache | None) -> None:
        self.cache = cache
        self.settings = SemanticSettings()

    def apply(self, _subject: str, value: Value | None) -> None:
        """Put settings in force; None: the usual ones."""
        self.settings = _read(value) if value else SemanticSettings()
        if self.cache is not None:
            self.cache.is_enabled = self.settings.is_enabled
            self.cache.configure(self.settings.gates)


def semantic_value(settings: SemanticSettings) -> dict[str, Any]:
    """Settings as they are set."""
    return {"is_enabled": settings.is_enabled, **asdict(settings.gates)}


def similarity_tried(similarity: float) -> float | None:
    """The similarity of the grid that is meant; None for 0. Raises InvalidOrder."""
    if not similarity:
        return None
    for tried in SIMILARITIES:
        if abs(tried - similarity) < NEAR:
            return tried
    rule = f"must be a hundredth from {SIMILARITIES[-1]} to {SIMILARITIES[0]}"
    raise InvalidOrder("settings.fixed_similarity", rule)


def _read(value: Value) -> SemanticSettings:
    gates = {name: set_to for name, set_to in value.items() if name != "is_enabled"}
    return SemanticSettings(value["is_enabled"], GateSettings(**gates))
