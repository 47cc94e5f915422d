"""Which variants are shown to do harm: worse than the control, or beyond a guardrail's margin.

Under fixed weights a worse variant keeps its share of the units, and each is worse off for it. An
algorithm takes the units away by itself, all but the floor: that is what the search for the best
costs, and no harm. What guardrails guard, no algorithm sees.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from server.experiments.experiment import Design, Metric
from server.experiments.findings.evidence import comparison_alpha, doubt
from server.experiments.findings.reading import Reading
from server.experiments.findings.wording import amount, counted, proven_lead
from server.experiments.results import GuardrailVerdict, Results, VariantResult


@dataclass(frozen=True, slots=True)
class Harm:
    """A variant that does harm."""

    variant: int
    explanation: str  # a sentence with figures


def harms(design: Design, primary: Reading, results: Results) -> tuple[Harm, ...]:
    """All that is shown by now, guardrails first.

    primary  the metric that decides
    All of it is as doubtful as the rest while units do not arrive as they should: who decides asks.
    Guardrails do not wait for it: what shows at once is not to go on for a week.
    """
    broken = [
        Harm(at, _broken(design, metric, result.variants, at))
        for metric, result in zip(design.metrics, results.metrics, strict=True)
        for at in results.contenders
        if result.variants[at].guardrail is GuardrailVerdict.BROKEN
    ]
    worse = [
        Harm(at, _worse(design, results.primary.variants, at))
        for at in _worse_variants(design, primary, results.contenders)
    ]
    return (*broken, *worse)


def _worse_variants(design: Design, primary: Reading, contenders: Sequence[int]) -> list[int]:
    least_units = min(primary.units[at] for at in contenders)
    if design.allocation.is_adaptive or least_units < design.stopping.min_units:
        return []
    alpha = comparison_alpha(design)
    return [at for at in contenders[1:] if doubt(primary, 0, at) <= alpha]


def _broken(design: Design, metric: Metric, variants: Sequence[VariantResult], at: int) -> str:
    figures, margin = _lead(design, metric, variants, at), amount(metric, metric.margin)
    return (
        f"{variants[at].variant} breaks the guardrail {metric.name}: {figures}; "
        f"no more than {margin} of harm is allowed."
    )


def _worse(design: Design, variants: Sequence[VariantResult], at: int) -> str:
    metric, figures = design.primary, _lead(design, design.primary, variants, at)
    name, control = variants[at].variant, variants[0].variant
    return f"{name} is worse than {control} in {metric.name}: {figures}."


def _lead(design: Design, metric: Metric, variants: Sequence[VariantResult], at: int) -> str:
    """Such as "+0.8 over a (95 % sure: +0.6 to +1), 3,412 units"."""
    found, control = variants[at], variants[0]
    alpha = design.stopping.alpha
    lift = found.lift or 0.0
    told = proven_lead(metric, lift, found.lift_interval, control.variant, alpha)
    return f"{told}, {counted(found.units + control.units)}"
