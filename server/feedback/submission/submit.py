"""Takes feedback in: one transaction, and every effect of it.

The run's row is locked first, so that two who judge the same run come one after the other. Then
each part of the house does its own, in an order that is the same everywhere: label, error budgets,
answers that may be reused, experiment, queue of reviews, alarm. Other processes drop their cached
answers when they hear of the commit.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from psycopg.errors import DeadlockDetected, SerializationFailure, UniqueViolation

from server.experiments.catalog import ExperimentCatalog
from server.experiments.errors import ExperimentNotFound
from server.experiments.experiment import Experiment
from server.feedback.alarm.settings import Settings
from server.feedback.alarm.subjects import subjects_of
from server.feedback.alarm.watch_store import Raised, watch
from server.feedback.errors import FeedbackOfAnother, FeedbackRequestReused
from server.feedback.review.store import close, reopen
from server.feedback.submission.checks import check_said
from server.feedback.submission.effects import Effects
from server.feedback.submission.feedback import Feedback, Said, encode_said
from server.feedback.submission.judgement import Judgement
from server.feedback.submission.outcomes import told
from server.feedback.submission.store import InForce, Submitted, add, in_force, lock_run, of_request
from server.feedback.submission.teaching import teach
from server.storage.database import Connection, Database
from server.triage.answer_store import answer_tags, notify_answers
from server.triage.catalog import TaxonomyCatalog
from server.triage.errors import RunNotFound
from server.triage.run import Run, random_run_id, time_of
from server.triage.store import RunStore

MOST_TRIES = 5
# By another transaction: worth another try. Two runs may have come with one request id.
OVERTAKEN = (SerializationFailure, DeadlockDetected, UniqueViolation)


@dataclass(frozen=True, slots=True)
class Submission:
    """What one reviewer says about one run."""

    tenant: str
    run_id: str
    reviewer: str
    submitter: str  # who calls; the reviewer, or somebody in their name
    said: Said
    request_id: str = ""

    @property
    def digest(self) -> bytes:
        """Of everything but the request's id."""
        words = (self.run_id.encode(), self.reviewer.encode(), encode_said(self.said))
        return hashlib.blake2b(b"\0".join(words), digest_size=16).digest()


class Submissions:
    """Takes feedback in.

    drop_answers  drops the cached answers that tell of a run, here and where all share; how many
    take_back     acts on alarms
    gate_moved    hears why the gate of an error budget became another one
    """

    def __init__(
        self,
        database: Database,
        runs: RunStore,
        taxonomies: TaxonomyCatalog,
        experiments: ExperimentCatalog,
        settings_of: Callable[[str], Awaitable[Settings]],
        drop_answers: Callable[[Run], Awaitable[int]],
        take_back: Callable[[str, Sequence[Raised]], Awaitable[None]],
        gate_moved: Callable[[str], None],
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._runs = runs
        self._taxonomies = taxonomies
        self._experiments = experiments
        self._settings_of = settings_of
        self._drop_answers = drop_answers
        self._take_back = take_back
        self._gate_moved = gate_moved
        self._now = now

    async def submit(self, submission: Submission, *, validate_only: bool = False) -> Submitted:
        """Commit it with its effects; what was said and done before, where it is repeated.

        Raises RunNotFound, InvalidFeedback, FeedbackRequestReused, FeedbackOfAnother,
        StorageUnavailable.
        """
        tenant = submission.tenant
        run = await self._runs.get(tenant, submission.run_id)
        active = await self._taxonomies.active(tenant)
        check_said(submission.said, active.taxonomy, ())
        if validate_only:
            return Submitted(_feedback(submission, submission.said, ""), Effects())
        experiment = await self._experiment_of(run)
        settings = await self._settings_of(tenant)
        # Before the notice of the commit drops them uncounted, and once more after it.
        dropped = await self._drop_answers(run)
        taking = _Taking(submission, run, experiment, settings, dropped)
        submitted, raised = await self._commit(taking)
        if not submitted.is_repeated:
            await self._drop_answers(run)
            for effect in submitted.effects.budgets:
                if effect.has_moved_gate:
                    self._gate_moved(effect.cause)
        if raised:
            await self._take_back(tenant, raised)
        return submitted

    async def _experiment_of(self, run: Run) -> Experiment | None:
        """The experiment that the ticket was in; None: none, or it is gone."""
        enrolled = run.answer.experiment
        if enrolled is None:
            return None
        try:
            return await self._experiments.find(
                run.tenant, enrolled.name.removeprefix("experiments/")
            )
        except ExperimentNotFound:
            return None

    async def _commit(self, taking: "_Taking") -> tuple[Submitted, Sequence[Raised]]:
        for tries in range(1, MOST_TRIES + 1):
            try:
                async with (
                    self._database.connection("feedback.submit") as connection,
                    connection.transaction(),
                ):
                    return await _take(connection, taking, self._now())
            except OVERTAKEN:
                if tries == MOST_TRIES:
                    raise
        raise AssertionError("the last try returns or raises")


@dataclass(frozen=True, slots=True)
class _Taking:
    """A submission and what it is about, as read before the transaction."""

    submission: Submission
    run: Run
    experiment: Experiment | None
    settings: Settings
    dropped: int  # cached answers


async def _take(
    connection: Connection, taking: _Taking, now: datetime
) -> tuple[Submitted, Sequence[Raised]]:
    """Everything that one transaction does."""
    submission, run = taking.submission, taking.run
    if not await lock_run(connection, run.tenant, run.run_id):
        raise RunNotFound(f"triageRuns/{run.run_id}")
    if submission.request_id:
        known = await of_request(connection, run.tenant, submission.request_id)
        if known is not None:
            return _repeated(submission, *known), ()
    others = await in_force(connection, run.tenant, run.run_id)
    own = next((o for o in others if o.submitted.feedback.reviewer == submission.reviewer), None)
    said = submission.said
    if own is not None:
        _check_submitter(submission, own.submitted.feedback)
        said = said.over(own.submitted.feedback.said)
        if said == own.submitted.feedback.said:
            return replace(own.submitted, is_repeated=True), ()
    feedback = _feedback(submission, said, own.submitted.feedback.feedback_id if own else "")
    new = told(feedback, run)
    before = [told(other.submitted.feedback, run) for other in reversed(others)]
    effects = await teach(connection, run, new, before, taking.experiment, now)
    judgement = new.judgement
    await _settle_review(
        connection, run, judgement, [other for other in others if other is not own]
    )
    raised: Sequence[Raised] = ()
    if judgement.overturned is not None:
        subjects = subjects_of(run)
        overturned = judgement.overturned
        raised = await watch(connection, run, subjects, overturned, taking.settings, now)
    await notify_answers(connection, answer_tags(run))  # they would tell of the run as it was
    submitted = Submitted(feedback, effects.with_dropped(taking.dropped))
    digest = submission.digest
    await add(connection, run, submitted, judgement, submission.request_id, digest)
    return submitted, raised


async def _settle_review(
    connection: Connection, run: Run, judgement: Judgement, others: Sequence[InForce]
) -> None:
    """Once all is said that it waits for, the run waits no more, unless two name different
    categories.

    A mere rating or comment settles nothing: whose audits went missing by what customers do, and
    not by chance, would learn of other answers than those that were drawn.
    """
    named = judgement.truths.get("category")
    told = [other.right_category for other in others if other.right_category is not None]
    if named is not None and len(told) == 1 and told[0] != named:
        await reopen(connection, run.tenant, run.run_id)
    elif _awaited(run) <= judgement.truths.keys():
        await close(connection, run.tenant, run.run_id)


def _awaited(run: Run) -> set[str]:
    """The fields whose truth the run waits for: those with an error budget, else the category."""
    return {gate.field.word for gate in run.answer.gates if gate.is_gated} or {"category"}


def _check_submitter(submission: Submission, own: Feedback) -> None:
    """Raises FeedbackOfAnother where somebody would replace what another has submitted."""
    if submission.submitter not in {submission.reviewer, own.submitter}:
        raise FeedbackOfAnother(f"feedback/{own.feedback_id}")


def _repeated(submission: Submission, before: Submitted, digest: bytes) -> Submitted:
    """What a request with this id said before. Raises FeedbackRequestReused."""
    if digest != submission.digest:
        name = f"feedback/{before.feedback.feedback_id}"
        raise FeedbackRequestReused(submission.request_id, name)
    return before


def _feedback(submission: Submission, said: Said, replaces: str) -> Feedback:
    feedback_id = random_run_id()
    return Feedback(
        feedback_id=feedback_id,
        run_id=submission.run_id,
        reviewer=submission.reviewer,
        submitter=submission.submitter,
        create_time=time_of(feedback_id),
        said=said,
        replaces=replaces,
    )
