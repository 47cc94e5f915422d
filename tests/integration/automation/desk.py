"""A tenant's answers: decided on by the gates as they stand, and judged by people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from server.storage.database import Database
from server.triage.assessment import Assessment, Prediction, Priority, Reason
from server.triage.automation.budget import Field, Terms
from server.triage.automation.counting_store import GateCounter
from server.triage.automation.evidence import Evidence, observed
from server.triage.automation.gate_store import GateKey, count, lock_gate, put_gate
from server.triage.automation.learning_store import Learned, learn
from server.triage.automation.standing import Standing
from server.triage.automation.store import AutomationStore, Budget, GateReport
from server.triage.decision import audit, decide
from server.triage.engine import EngineVersion, Parts
from server.triage.run import Answer, Run, random_run_id
from server.triage.ticket import Ticket

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ENGINE = "embedded linear 0.0"
ACTOR = "apiKeys/0123456789abcdef"
TERMS = Terms(max_error=0.1, audit_share=0.5)
NEEDED = 0.85  # without a budget
URGENT = Reason("LEGAL", "A lawyer is named.")


@dataclass
class Desk:
    """One tenant."""

    database: Database
    tenant: str

    @property
    def budgets(self) -> AutomationStore:
        """The error budgets."""
        return AutomationStore(self.database)

    async def promise(
        self, terms: Terms | None = TERMS, field: Field = Field.CATEGORY, etag: str = ""
    ) -> Budget:
        """Set terms."""
        return await self.budgets.set(self.tenant, field, terms, etag, ACTOR, NOW)

    async def standing(self) -> Standing:
        """How automation stands."""
        return await self.budgets.standing(self.tenant)

    async def gate(self, field: Field = Field.CATEGORY) -> GateReport:
        """The gate of the one who answers."""
        (gate,) = (await self.budgets.get(self.tenant, field)).gates
        return gate

    async def answer(self, score: float, **ways: Any) -> Run:
        """An answer of this confidence in every field, decided on as things stand."""
        return answer(self.tenant, await self.standing(), score, **ways)

    async def count(self, runs: Sequence[Run]) -> None:
        """Count what came to the gates."""
        counter = GateCounter(self.database, lambda: NOW)
        for run in runs:
            counter.count(run)
        await counter.flush()

    async def judge(self, run: Run, *, is_right: bool, **more: bool) -> list[Learned]:
        """A person says whether the category was right; `more` by the words of other fields."""
        said = {"category": is_right, **more}
        truths = {Field[word.upper()]: _truth(word, right) for word, right in said.items()}
        return await self.tell(run, truths)

    async def tell(self, run: Run, truths: Mapping[Field, str | int]) -> list[Learned]:
        """A person says what is true of a run."""
        async with self.database.connection("test") as connection, connection.transaction():
            return await learn(connection, self.tenant, run, truths, NOW)

    async def feed(self, answers: int = 700) -> None:
        """Answers of all confidences that were judged at once, a few of the lower ones wrong: with
        TERMS the gate is open for the upper ones.
        """
        standing = await self.standing()
        key = GateKey(self.tenant, Field.CATEGORY, ENGINE)
        evidence, wrong = Evidence(), 0
        for number in range(answers):
            score, is_wrong = 0.5 + number / answers / 2, number % 40 == 0
            passage = answer(self.tenant, standing, score).answer.gates[0]
            seen = observed(passage, is_wrong=is_wrong)
            assert seen is not None
            evidence[seen] += 1
            wrong += is_wrong
        async with self.database.connection("test") as connection, connection.transaction():
            gate = await lock_gate(connection, key, NOW)
            gate = replace(gate, judged=answers, wrong=wrong).ruled(
                standing.terms[Field.CATEGORY], evidence
            )
            await count(connection, key, evidence)
            await put_gate(connection, key, gate)

    async def open_by_reviews(self) -> Learned:
        """People find answers right, one by one, until the gate opens; what the last one taught."""
        for _ in range(300):
            (learned,) = await self.judge(await self.answer(0.99), is_right=True)
            if learned.has_moved_gate:
                return learned
        raise AssertionError("the gate never opened")

    async def doubt(self) -> None:
        """People find automatic decisions wrong until the gate, still open, is in doubt."""
        while not (gate := await self.gate()).state.is_doubted:
            assert gate.state.threshold is not None
            await self.judge(await self.answer(0.99, draw=0.0), is_right=False)

    async def drift(self) -> None:
        """People find automatic decisions wrong until all that was known of them is void."""
        for _ in range(60):
            (learned,) = await self.judge(await self.answer(0.99, draw=0.0), is_right=False)
            if learned.cause == "drift":
                return
        raise AssertionError("nobody noticed")

    async def events(self, action: str) -> list[dict[str, Any]]:
        """What the audit log says, the oldest first, as facts after the change."""
        query = "SELECT after FROM audit_events WHERE tenant = %s AND action = %s ORDER BY number"
        async with self.database.connection("test") as connection:
            rows = await (await connection.execute(query, [self.tenant, action])).fetchall()
        return [after for (after,) in rows]


def answer(
    tenant: str,
    standing: Standing,
    score: float,
    *,
    answerer: str = ENGINE,
    draw: float = 1.0,
    escalates: bool = False,
) -> Run:
    """An answer as the pipeline makes it."""
    assessment = Assessment(
        category=Prediction("billing", score),
        priority=Prediction(Priority.LOW, score),
        priority_reasons=(),
        escalation_reasons=(URGENT,) if escalates else (),
        sentiment=None,
    )
    answerers = dict.fromkeys(Field, answerer)
    passages = standing.passages(assessment, answerers)
    better = standing.calibrate(assessment, answerers)
    decided = decide(better, NEEDED, standing, passages)
    (decision, reason), passages = audit(decided, standing, passages, lambda: draw)
    made = Answer(
        parts=Parts(),
        category=better.category,
        priority=better.priority,
        priority_reasons=(),
        escalation_reasons=assessment.escalation_reasons,
        sentiment=None,
        language=Prediction("en", 0.9),
        summary=None,
        reply=None,
        estimated_resolution_s=None,
        decision=decision,
        decision_reason=reason,
        engine=EngineVersion("embedded", "linear", "1", 0),
        steps=(),
        gates=passages,
    )
    return Run(tenant, random_run_id(), NOW, Ticket("1", "Help"), b"{}", b"d" * 32, "", made, "1")


def _truth(word: str, is_right: bool) -> str | int:
    if word == "priority":
        return Priority.LOW if is_right else Priority.HIGH
    return "billing" if is_right else "shipping"
