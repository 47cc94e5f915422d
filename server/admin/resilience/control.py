"""Breakers and providers under their operators: settings, modes and drills as settings, a reset as
an order.
"""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from interceptors.breaker.registry import BreakerRegistry
from interceptors.breaker.settings import BreakerSettings, Mode
from server.admin.store import Value
from server.engines.llm.member import Member

SETTING = "circuit_breaker"  # subject: a breaker
MODE = "circuit_breaker_mode"  # subject: a breaker
RESET = "circuit_breaker.reset"
DRILL = "provider_drill"  # subject: a provider


def apply_settings(registry: BreakerRegistry, breaker: str, value: Value | None) -> None:
    """Put a breaker's settings in force; None: the usual ones."""
    registry.update(breaker, replace(registry.usual_settings(breaker), **(value or {})))


def apply_mode(registry: BreakerRegistry, breaker: str, value: Value | None) -> None:
    """Put a breaker's mode in force; None: the breaker decides."""
    registry.set_mode(breaker, Mode(value["mode"]) if value else Mode.AUTOMATIC)


def apply_drill(providers: Iterable[Member], provider: str, value: Value | None) -> None:
    """Make every call of a provider fail, or let them pass; None: let them."""
    for member in providers:
        if member.provider.name == provider:
            member.is_drilled = bool(value and value["is_drilled"])


async def reset(registry: BreakerRegistry, breaker: str) -> None:
    """Close a breaker and forget its counts."""
    registry.reset(breaker)


def settings_value(settings: BreakerSettings) -> dict[str, Any]:
    """Settings as they are set: JSON has no infinity, and what is infinite is left out."""
    names = BreakerSettings.__dataclass_fields__
    values = {name: getattr(settings, name) for name in names}
    return {name: value for name, value in values.items() if value != math.inf}
