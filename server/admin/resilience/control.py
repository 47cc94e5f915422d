"""Breakers under their operators: settings and modes as settings, a reset as an order."""

import math
from dataclasses import replace
from typing import Any

from interceptors.breaker.registry import BreakerRegistry
from interceptors.breaker.settings import BreakerSettings, Mode
from server.admin.store import Value

SETTING = "circuit_breaker"  # subject: a breaker
MODE = "circuit_breaker_mode"  # subject: a breaker
RESET = "circuit_breaker.reset"


def apply_settings(registry: BreakerRegistry, breaker: str, value: Value | None) -> None:
    """Put a breaker's settings in force; None: the usual ones."""
    registry.update(breaker, replace(registry.usual_settings(breaker), **(value or {})))


def apply_mode(registry: BreakerRegistry, breaker: str, value: Value | None) -> None:
    """Put a breaker's mode in force; None: the breaker decides."""
    registry.set_mode(breaker, Mode(value["mode"]) if value else Mode.AUTOMATIC)


async def reset(registry: BreakerRegistry, breaker: str) -> None:
    """Close a breaker and forget its counts."""
    registry.reset(breaker)


def settings_value(settings: BreakerSettings) -> dict[str, Any]:
    """Settings as they are set: JSON has no infinity, and what is infinite is left out."""
    names = BreakerSettings.__dataclass_fields__
    values = {name: getattr(settings, name) for name in names}
    return {name: value for name, value in values.items() if value != math.inf}
