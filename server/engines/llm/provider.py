"""Providers: who answers, at which price, and in which order they are asked."""

from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from pathlib import Path


class Preference(StrEnum):
    """Who is asked first. Those that are not to be called just now come last in any case."""

    ORDERED = "ordered"  # as they stand in the file
    WEIGHTED = "weighted"  # by chance: in proportion to their weights and their successes of late
    CHEAPEST = "cheapest"  # by the price of a usual answer


class WayTo(StrEnum):
    """How a provider is reached."""

    LEAN = "lean"  # a small client of our own over aiohttp
    SDK = "sdk"  # the `openai` package


@dataclass(frozen=True, slots=True)
class Provider:
    """One model behind one OpenAI-compatible endpoint."""

    name: str
    base_url: str  # up to and with "/v1"
    model: str
    key: str = field(default="", repr=False)
    transport: WayTo = WayTo.LEAN
    input_usd_per_million: Decimal = Decimal(0)  # tokens
    output_usd_per_million: Decimal = Decimal(0)
    weight: float = 1.0
    timeout_s: float = 20.0  # of one attempt
    most_in_flight: int = 64
    has_strict_schema: bool = True
    has_logprobs: bool = True
    ca_file: Path | None = None  # that its certificate is held against; None: the system's

    def cost_micro_usd(self, input_tokens: int, output_tokens: int) -> int:
        """The price of a call, in millionths of a dollar, rounded up."""
        exact = input_tokens * self.input_usd_per_million
        exact += output_tokens * self.output_usd_per_million
        return int(exact.to_integral_value(rounding=ROUND_CEILING))


@dataclass(frozen=True, slots=True)
class Providers:
    """Everybody that may be asked, and how."""

    providers: tuple[Provider, ...] = ()  # none: the embedded engine alone
    preference: Preference = Preference.ORDERED
    is_hedging: bool = False
    most_corrections: int = 2  # of one answer; 0: flawed answers are not corrected
    most_tokens: int = 800  # of an answer
