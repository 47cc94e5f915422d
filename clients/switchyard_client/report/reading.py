"""What results say: a table of each metric, and sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from switchyard_client.answers import label
from switchyard_client.messages.switchyard.experiment.v1 import (
    Conclusion,
    ConclusionOutcome,
    Direction,
    Experiment,
    ExperimentResults,
    ExperimentState,
    FixedHorizon,
    InferenceMethod,
    Metric,
    MetricKind,
    MetricResults,
    MetricRole,
    VariantResults,
    VariantSummary,
)
from switchyard_client.report import figures

TEXT_COLUMNS = ("variant", "guardrail")  # of `rows`; all others are numbers
_METHODS = {
    InferenceMethod.SEQUENCE: "asymptotic confidence sequences",
    InferenceMethod.SEQUENCE_AIPW: "asymptotic confidence sequences of AIPW values, for adaptive "
    "weights",
    InferenceMethod.SEQUENCE_QUANTILE: "confidence sequences of quantiles",
}
_ENDINGS = {
    ConclusionOutcome.WINNER: "It ended with a winner",
    ConclusionOutcome.HARM: "It ended because of harm",
    ConclusionOutcome.INCONCLUSIVE: "It ended and nothing was shown",
    ConclusionOutcome.BY_HAND: "A person stopped it",
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """Something a reader should know; `is_alarm`: before believing anything else."""

    text: str
    is_alarm: bool = False


def primary_of(results: ExperimentResults) -> MetricResults | None:
    """The metric that decides."""
    return next((one for one in results.metrics if one.role is MetricRole.PRIMARY), None)


def primary_first(results: ExperimentResults) -> list[MetricResults]:
    """All metrics, the one that decides before the others."""
    return sorted(results.metrics, key=lambda one: one.role is not MetricRole.PRIMARY)


def design_of(results: ExperimentResults, metric: MetricResults) -> Metric:
    """What the experiment says of a metric; an empty one where it says nothing."""
    metrics = (results.experiment or Experiment()).metrics
    return next((one for one in metrics if one.name == metric.metric), Metric())


def heading(results: ExperimentResults, metric: MetricResults) -> str:
    """Name, title and kind of a metric."""
    design = design_of(results, metric)
    name = f"{metric.metric}: {design.title}" if design.title else metric.metric
    kinds = f"{label(metric.kind)}, {label(metric.role)}"
    return f"{name} ({kinds}{'; less is better' if is_minimized(design) else ''})"


def is_minimized(metric: Metric) -> bool:
    """Whether less is better."""
    return metric.direction is Direction.MINIMIZE


def rows(results: ExperimentResults, metric: MetricResults) -> list[dict[str, str]]:
    """A row for each variant, by the names of the columns; without columns that say nothing."""
    summaries = {summary.variant: summary for summary in results.variants}
    table = [
        _row(one, summaries.get(one.variant) or VariantSummary(), metric.kind)
        for one in metric.variants
    ]
    told = {name for row in table for name, cell in row.items() if cell}
    return [{name: cell for name, cell in row.items() if name in told} for row in table]


def _row(one: VariantResults, summary: VariantSummary, kind: MetricKind) -> dict[str, str]:
    is_binary = kind is MetricKind.BINARY
    p_value = one.p_value if one.adjusted_p_value is None else one.adjusted_p_value
    return {
        "variant": one.variant,
        "weight": figures.share(summary.weight),
        "exposed": f"{summary.exposures:,}",
        "units": f"{one.units:,}",
        "conversions": f"{one.conversions:,}" if is_binary else "",
        "rate" if is_binary else "value": figures.value(one.value, kind),
        "interval": figures.bounds(one.interval, kind),
        "lift": figures.difference(one.lift, kind),
        "its interval": figures.bounds(one.lift_interval, kind),
        "relative": figures.relative(one.relative_lift),
        "p": figures.p_value(p_value),
        "guardrail": label(one.guardrail) if one.guardrail else "",
        "P(best)": figures.share(one.probability_best),
        "loss": figures.value(one.expected_loss, kind),
    }


def sentences(results: ExperimentResults) -> list[Sentence]:
    """Where it stands, who has won, by what confidence, and what speaks against believing it."""
    return [
        Sentence(_standing(results)),
        Sentence(_winner(results)),
        _arrivals(results),
        *(Sentence(warning, is_alarm=True) for warning in results.warnings),
    ]


def _standing(results: ExperimentResults) -> str:
    experiment = results.experiment or Experiment()
    ended = experiment.conclusion
    if ended is not None and experiment.state is not ExperimentState.RUNNING:
        return _ending(ended)
    since = f" since {experiment.start_time:%Y-%m-%d %H:%M} UTC" if experiment.start_time else ""
    state = label(experiment.state)
    return f"It is {state}, phase {experiment.phase}{since}: {results.exposures:,} units so far."


def _ending(ended: Conclusion) -> str:
    about = f": {ended.variant}" if ended.variant else ""
    when = f" on {ended.time:%Y-%m-%d %H:%M} UTC" if ended.time else ""
    why = f" {ended.explanation}" if ended.explanation else ""
    return f"{_ENDINGS.get(ended.outcome, 'It ended')}{about}{when}.{why}"


def _winner(results: ExperimentResults) -> str:
    if results.winner:
        return f"The winner is {results.winner}, for good: what is seen later does not change it."
    confidence = figures.sure(results.confidence)
    if results.is_significant:
        return f"The best variant beats the control, confidence {confidence}; no winner yet."
    return f"No winner so far: confidence {confidence} that the best variant beats the control."


def _arrivals(results: ExperimentResults) -> Sentence:
    ratio = results.sample_ratio
    if ratio is None:
        return Sentence("Whether units arrive as they should is not known yet.")
    if ratio.is_mismatched:
        p = figures.p_value(ratio.p_value)
        text = f"Sample-ratio mismatch (p {p}): something loses units. Believe no figure below."
        return Sentence(text, is_alarm=True)
    return Sentence(f"Units arrive as the weights say (p {figures.p_value(ratio.p_value)}).")


def footnotes(results: ExperimentResults) -> list[str]:
    """How the figures are to be read."""
    methods = dict.fromkeys(_METHODS[m.method] for m in results.metrics if m.method in _METHODS)
    notes = [f"Intervals hold however often one looks: {'; '.join(methods)}."] if methods else []
    notes.append(
        "Confidence is 1 minus a p-value that holds however often one looks, no probability to be "
        "better."
    )
    if any(one.probability_best is not None for m in results.metrics for one in m.variants):
        notes.append("P(best) and loss are Bayesian, under flat priors; they decide nothing.")
    primary = primary_of(results)
    if primary is not None and primary.fixed_horizon is not None:
        notes += _fixed_horizon(primary.fixed_horizon)
    return notes


def _fixed_horizon(fixed: FixedHorizon) -> Sequence[str]:
    known: Mapping[str, str] = {
        "z test p": figures.p_value(fixed.z_p_value),
        "t test p": figures.p_value(fixed.t_p_value),
        "chi-square p": figures.p_value(fixed.chi_square_p_value),
    }
    told = ", ".join(f"{name} {figure}" for name, figure in known.items() if figure)
    return [f"Right at one planned look alone, and misleading here: {told}."] if told else []
