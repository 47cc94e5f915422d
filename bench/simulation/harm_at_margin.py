"""Experiments with a guardrail, and a variant that is just as bad as it must not be."""

from dataclasses import replace

import numpy as np

from bench.simulation.fixed_split import Split, looks_at
from bench.simulation.trial import Trial, design_of
from server.experiments.experiment import Metric, MetricKind, Role
from server.experiments.findings.evidence import guardrail_verdict
from server.experiments.results import GuardrailVerdict

PASSES = "guardrail passes"


def verdict(rng: np.random.Generator, *, split: Split) -> dict[str, float]:
    """Whether the guardrail has passed at some look.

    split  of two arms, with rates of failure
    """
    control, variant = split.rates
    failed = Metric(
        "failed",
        MetricKind.BINARY,
        Role.GUARDRAIL,
        is_minimized=True,
        margin=variant - control,
    )
    design = design_of(split.shares)
    trial = Trial.of(replace(design, metrics=(*design.metrics, failed)), failed)
    return {PASSES: any(_has_passed(each) for each in looks_at(trial, split.rows(rng)))}


def _has_passed(trial: Trial) -> bool:
    gap = trial.reading.difference(1, 0)
    return guardrail_verdict(trial.design, trial.reading, 1, gap) is GuardrailVerdict.PASSED
