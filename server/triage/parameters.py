"""What an experiment may change about the triage of a ticket."""

from collections.abc import Collection
from dataclasses import dataclass

from server.experiments.experiment import (
    TRIAGE_LAYER,
    Design,
    Parameter,
    Parameters,
    Source,
)
from server.triage.engine import Terms
from server.violation import FieldViolation

EMBEDDED, MODELS = "embedded", "llm"  # what `engine` may be
ASKING = ("model", "prompt", "temperature")  # parameters that say how models are asked
MOST = {"temperature": 2, "automatic_min_confidence": 1}  # of those that are numbers
NO_MODELS = "this server has no language models"


@dataclass(frozen=True, slots=True)
class TriageParameters:
    """How a ticket is triaged. What is not stated is as the server's settings have it."""

    engine: str = ""
    model: str = ""  # a provider's name
    prompt: str = ""  # its version
    temperature: float | None = None
    automatic_min_confidence: float | None = None

    @property
    def may_ask(self) -> bool:
        """Whether models are asked, where there are any."""
        return self.engine != EMBEDDED

    @property
    def terms(self) -> Terms:
        """How they are."""
        return Terms(self.model, self.prompt, self.temperature)


@dataclass(frozen=True, slots=True)
class Offer:
    """What this server has to choose from."""

    models: frozenset[str] = frozenset()  # providers by name; empty: the embedded engine alone
    prompts: frozenset[str] = frozenset()  # versions


def read_parameters(parameters: Parameters) -> TriageParameters:
    """The parameters of triage, of which `faults_of` has found none wrong."""
    return TriageParameters(**parameters)  # type: ignore[arg-type]  # that is what was found


def parameter_faults(design: Design, offer: Offer) -> list[FieldViolation]:
    """What this server could not serve of an experiment of triage; nothing of other layers."""
    if design.layer != TRIAGE_LAYER:
        return []
    faults = [
        FieldViolation(f"variants[{position}].parameters[{name}]", rule)
        for position, variant in enumerate(design.variants)
        for name, rule in (faults_of(variant.parameters, offer) | _idle(variant.parameters)).items()
    ]
    if not offer.models:
        faults += [
            FieldViolation(f"metrics[{position}].source", f"must not be the cost: {NO_MODELS}")
            for position, metric in enumerate(design.metrics)
            if metric.source is Source.TRIAGE_COST
        ]
    return faults


def faults_of(parameters: Parameters, offer: Offer) -> dict[str, str]:
    """What each parameter that this server cannot serve must be, by its name."""
    rules = {name: _rule(name, value, offer) for name, value in parameters.items()}
    return {name: rule for name, rule in rules.items() if rule}


def _idle(parameters: Parameters) -> dict[str, str]:
    """Parameters that change nothing where no model is asked: two arms might be one."""
    if parameters.get("engine") != EMBEDDED:
        return {}
    rule = f"must be left out: engine {EMBEDDED} asks no model"
    return {name: rule for name in ASKING if name in parameters}


def _rule(name: str, value: Parameter, offer: Offer) -> str:
    """What a parameter must be; empty: what it is."""
    engines = (EMBEDDED, MODELS) if offer.models else (EMBEDDED,)
    choices = {"engine": engines, "model": offer.models, "prompt": offer.prompts}
    if name in ASKING and not offer.models:
        return f"must be left out: {NO_MODELS}"
    if name in choices:
        return _one_of(choices[name], value)
    if name in MOST:
        return _number(MOST[name], value)
    return f"must be left out: triage knows {', '.join([*choices, *MOST])}"


def _one_of(names: Collection[str], value: Parameter) -> str:
    return "" if value in names else f"must be one of {', '.join(sorted(names))}, as a text"


def _number(most: int, value: Parameter) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most:
        return ""
    return f"must be a number from 0 to {most}"
