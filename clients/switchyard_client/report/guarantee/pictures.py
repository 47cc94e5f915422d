"""The report of a guarantee: its pictures and its page."""

from datetime import datetime
from functools import partial

from switchyard_client.messages.switchyard.feedback.v1 import ErrorBudget
from switchyard_client.report.files import Report
from switchyard_client.report.guarantee.coverage import draw_coverage
from switchyard_client.report.guarantee.page import page
from switchyard_client.report.guarantee.times import draw_bounds, draw_thresholds


def report_of(budget: ErrorBudget, now: datetime) -> Report:
    """All that a budget and its gates have to show."""
    pictures = {
        "coverage": partial(draw_coverage, budget=budget),
        "bound": partial(draw_bounds, budget=budget, now=now),
        "threshold": partial(draw_thresholds, budget=budget, now=now),
    }
    return Report(pictures, partial(page, budget, now))
