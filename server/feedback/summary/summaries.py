"""Feedback in figures."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from server.feedback.submission.store import FeedbackFilter
from server.feedback.summary.agreement import Judged, agreement_of
from server.feedback.summary.store import Figures, SummaryStore
from server.feedback.summary.summary import Grouping, Summary
from server.storage.database import Database


class Summaries:
    """Sums up feedback. Agreement is that of the newest 20,000 judgements of runs that two or more
    have judged; the figures of every other kind are of all feedback.
    """

    def __init__(self, database: Database) -> None:
        self._store = SummaryStore(database)

    async def summarize(
        self, tenant: str, which: FeedbackFilter, grouping: Grouping
    ) -> tuple[Summary, list[tuple[str, Summary]]]:
        """All that is in force, and its groups by their keys: the largest first, days and weeks by
        time; the 200 largest, or newest.

        Raises StorageUnavailable.
        """
        figures = await self._store.figures(tenant, which, grouping)
        return await asyncio.to_thread(_with_agreement, figures)


def _with_agreement(figures: Figures) -> tuple[Summary, list[tuple[str, Summary]]]:
    by_group: dict[str, list[Judged]] = {key: [] for key in figures.groups}
    for key, judged in figures.judgements:
        if key in by_group:
            by_group[key].append(judged)
    whole = _agreeing(figures.whole, (judged for _, judged in figures.judgements))
    groups = figures.groups.items()
    return whole, [(key, _agreeing(summary, by_group[key])) for key, summary in groups]


def _agreeing(summary: Summary, judgements: Iterable[Judged]) -> Summary:
    return replace(summary, agreement=agreement_of(list(judgements)))
