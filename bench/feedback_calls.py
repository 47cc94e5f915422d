"""Requests of the feedback service, to measure, and a tenant that was taught before."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Any

import grpc
from switchyard.feedback.v1 import (
    automation_pb2,
    feedback_pb2,
    feedback_service_pb2,
    feedback_service_pb2_grpc,
)
from switchyard.triage.v1 import triage_service_pb2, triage_service_pb2_grpc

SUBMIT = "/switchyard.feedback.v1.FeedbackService/SubmitFeedback"
LABELS = 2000  # that are recent before anything is measured
RUNS = 4000  # that feedback is measured on; what goes beyond is by other reviewers
MAX_ERROR = 0.05
_AT_ONCE = 8
_WRONG = 5  # every fifth answer is corrected, the others are confirmed

Metadata = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Judged:
    """A run, and what is right."""

    run: str
    category: str


async def teach(address: str, authorization: str, triages: Iterator[bytes]) -> Sequence[Judged]:
    """Set an error budget and submit feedback on LABELS tickets; RUNS more that have none."""
    metadata = [("authorization", authorization)]
    async with grpc.aio.insecure_channel(address) as channel:
        stub: Any = feedback_service_pb2_grpc.FeedbackServiceStub(channel)  # type: ignore[no-untyped-call]  # generated
        await stub.SetErrorBudget(_budget(), metadata=metadata)
        runs = await _triage(channel, metadata, islice(triages, LABELS + RUNS))
        waiting = islice(submissions(runs[:LABELS]), LABELS)
        submit: Any = channel.unary_unary(SUBMIT)

        async def teach_some() -> None:
            for request in waiting:
                await submit(request, metadata=metadata)

        await asyncio.gather(*(teach_some() for _ in range(_AT_ONCE)))
    return runs[LABELS:]


def submissions(runs: Sequence[Judged]) -> Iterator[bytes]:
    """What one reviewer after the other says about every run."""
    for reviewer in count():
        for judged in runs:
            correction = feedback_pb2.Correction(category=judged.category)
            feedback = feedback_pb2.Feedback(
                run=judged.run, reviewer=f"reviewer-{reviewer}", correction=correction
            )
            yield feedback_service_pb2.SubmitFeedbackRequest(feedback=feedback).SerializeToString()


async def _triage(
    channel: grpc.aio.Channel, metadata: Metadata, triages: Iterator[bytes]
) -> Sequence[Judged]:
    """The runs of these tickets, and what is right: most often what was answered."""
    stub: Any = triage_service_pb2_grpc.TriageServiceStub(channel)  # type: ignore[no-untyped-call]  # generated
    requests = map(triage_service_pb2.TriageRequest.FromString, triages)
    items = (triage_service_pb2.BatchTriageRequest(ticket=each.ticket) for each in requests)
    answers = stub.BatchTriage(items, metadata=metadata)
    results = [answer.result async for answer in answers]
    categories = [result.category for result in results]
    others = sorted({category.category for category in categories})
    return [
        Judged(result.run, others[n % len(others)] if n % _WRONG == 0 else answered.category)
        for n, (result, answered) in enumerate(zip(results, categories, strict=True))
    ]


def _budget() -> feedback_service_pb2.SetErrorBudgetRequest:
    terms = automation_pb2.BudgetTerms(max_error=MAX_ERROR)
    budget = automation_pb2.ErrorBudget(field=feedback_pb2.BUDGET_FIELD_CATEGORY, terms=terms)
    return feedback_service_pb2.SetErrorBudgetRequest(error_budget=budget)
