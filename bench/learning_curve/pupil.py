"""A tenant that learns from feedback: it is taught, trained and examined through the service."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import numpy as np
from switchyard_client import (
    AdminClient,
    BatchTriageRequest,
    Category,
    Correction,
    Feedback,
    FeedbackClient,
    Role,
    Ticket,
    TriageClient,
    TriageResult,
)
from switchyard_client.messages.switchyard.feedback.v1 import Model, ModelState

from bench.learning_curve.course import Question
from bench.learning_curve.marks import Exam

CALLERS = 8
PATIENCE_S = 60.0  # for what was committed to be heard of
SETTLING_S = 31.0  # after half a minute the next ticket has calibration read anew
POLL_S = 0.1


@dataclass(slots=True)
class Waits:
    """How long callers waited, in seconds, while CALLERS of them taught."""

    triage: list[float] = field(default_factory=list)
    feedback: list[float] = field(default_factory=list)
    teaching_s: float = 0.0


class Pupil:
    """Asks and teaches in the name of one tenant."""

    def __init__(self, triage: TriageClient, feedback: FeedbackClient) -> None:
        self._triage = triage
        self._feedback = feedback
        self._numbers = count()  # no ticket comes twice: its answer would be the one before
        self.waits = Waits()
        self.corrected = 0  # answers that were wrong
        self._settled_s = 0.0  # when what was taught is known in every respect

    async def begin(self, categories: Sequence[Category]) -> None:
        """Learn the categories by their examples."""
        taxonomy = await self._triage.get_taxonomy()
        taxonomy.categories = list(categories)
        await self._triage.update_taxonomy(taxonomy)

    async def teach(self, questions: Sequence[Question]) -> None:
        """Send the questions as tickets, say of each what is right, and wait until it is known."""
        *most, last = questions
        waiting, start = iter(most), time.perf_counter()
        await asyncio.gather(*(self._teach_all(waiting) for _ in range(CALLERS)))
        label = await self._teach_one(last)
        end = time.perf_counter()
        self.waits.teaching_s += end - start
        self._settled_s = end + SETTLING_S
        await _until(lambda: self._remembers(last, label))

    async def _teach_all(self, waiting: Iterator[Question]) -> None:
        for question in waiting:
            await self._teach_one(question)

    async def _teach_one(self, question: Question) -> str:
        """The label that has come of it."""
        start = time.perf_counter()
        result = await self._triage.triage(self._ticket(question))
        answered = time.perf_counter()
        correction = Correction(category=question.category)
        said = await self._feedback.submit(Feedback(run=result.run, correction=correction))
        self.waits.triage.append(answered - start)
        self.waits.feedback.append(time.perf_counter() - answered)
        self.corrected += _category(result) != question.category
        assert said.effects is not None
        return said.effects.label

    async def train(self) -> Model:
        """The model of what was taught; when it is to answer, it does."""
        found = [told async for told in self._feedback.train()][-1].model
        assert found is not None
        if found.state is ModelState.ACTIVE:
            await _until(lambda: self._is_answered_by(found))
        return found

    async def sit(self, exam: Sequence[Question]) -> Exam:
        """The answers to the exam."""
        await asyncio.sleep(max(0.0, self._settled_s - time.perf_counter()))
        await self._triage.triage(self._ticket(exam[0]))
        confidence, right = np.zeros(len(exam)), np.zeros(len(exam), np.bool_)

        async def requests() -> AsyncIterator[BatchTriageRequest]:
            for index, question in enumerate(exam):
                yield BatchTriageRequest(index=index, ticket=self._ticket(question))

        async for answer in self._triage.batch_triage(requests()):
            assert answer.result is not None, answer.error
            assert answer.result.category is not None
            confidence[answer.index] = answer.result.category.confidence
            right[answer.index] = _category(answer.result) == exam[answer.index].category
        return Exam(confidence, right)

    async def _remembers(self, question: Question, label: str) -> bool:
        result = await self._triage.triage(self._ticket(question))
        return label in {similar.label for similar in result.similar_labels}

    async def _is_answered_by(self, model: Model) -> bool:
        result = await self._triage.triage(Ticket(id=f"Q-{next(self._numbers)}", body="Hello?"))
        return bool(result.engine and model.digest.startswith(result.engine.version))

    def _ticket(self, question: Question) -> Ticket:
        return Ticket(id=f"Q-{next(self._numbers)}", body=question.text)


async def first_key(address: str) -> str:
    """The secret of an administrator of a server that has no keys yet."""
    async with AdminClient(address) as nobody:
        return (await nobody.access.create_key([Role.ADMIN], tier="unlimited")).secret


@asynccontextmanager
async def pupil(address: str, operator: str, tenant: str) -> AsyncIterator[Pupil]:
    """A new tenant, made with the operator's key."""
    async with AdminClient(address, api_key=operator) as admin:
        await admin.access.create_tenant(tenant)
        made = await admin.access.create_key([Role.ADMIN], tenant=tenant, tier="unlimited")
    async with (
        TriageClient(address, api_key=made.secret) as triage,
        FeedbackClient(address, api_key=made.secret) as feedback,
    ):
        yield Pupil(triage, feedback)


def _category(result: TriageResult) -> str:
    return result.category.category if result.category else ""


async def _until(claim: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await claim():  # noqa: ASYNC110  # another process tells no event
            await asyncio.sleep(POLL_S)
