"""What triage does with a ticket before an engine asks outside the process, and after.

Personal data is hidden, an answer given before is looked for, and what failed for good is kept.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from server.dead_letters.letter import DeadLetter, FailedAttempt, Severity
from server.dead_letters.store import DeadLetterStore
from server.privacy.found import Finder, Kind
from server.privacy.redaction import Redacted, redact
from server.storage.errors import StorageError
from server.triage.assessment import Assessment, Draft, decode_prediction
from server.triage.catalog import Active
from server.triage.engine import EngineVersion, Outward, Reading
from server.triage.narration import Narration, News
from server.triage.reuse.cache import Fresh, Hit, Look, SemanticCache
from server.triage.reuse.store import Partition
from server.triage.rulebook import with_category_policy
from server.triage.run import Reuse, Run
from server.triage.taxonomy import EscalationPolicy, Taxonomy
from server.triage.ticket import Ticket, outward_ticket

# At the end of a text that was cut: half an address is not found, and would give itself away.
UNSURE_CHARACTERS = 100
LONG_CHARACTERS = 2000  # of texts from which on hiding takes a thread of its own
# Why a model's answer was not had, without anything being at fault.
NO_FAULT = frozenset({"no_time", "no_budget", "over_budget", "cancelled", "drill"})
CRITICAL = frozenset({"unauthorized", "unpaid", "untrusted"})
LONGEST_ASKING_S = 30.0
LONGEST_LOOK_S = 2.0  # for an answer given before: a model is asked sooner than waited for that
FUNCTION = "triage.classify"
MOST_SUMMARY = 400  # characters, as the contract allows
MOST_REPLY = 4000


class Outside:
    """Sends tickets out."""

    def __init__(
        self,
        letters: DeadLetterStore,
        reuse: SemanticCache | None,
        count_hidden: Callable[[Mapping[Kind, int]], None],
        finders: Sequence[Finder] = (),
    ) -> None:
        self.letters = letters
        self.reuse = reuse
        self._count_hidden = count_hidden
        self._finders = finders

    async def set_out(self, tenant: str, ticket: Ticket, language: str, active: Active) -> "Trip":
        """The trip of a ticket whose personal data is hidden."""
        outward = outward_ticket(ticket, language)
        texts = _texts(outward)
        if sum(map(len, texts)) < LONG_CHARACTERS:
            redacted = self._redact(texts, ticket, language)
        else:
            redacted = await asyncio.to_thread(self._redact, texts, ticket, language)
        self._count_hidden(redacted.counts)
        whole = _texts(_uncut(outward, ticket))
        safe = [
            told if len(text) == len(original) else told[:-UNSURE_CHARACTERS]
            for told, text, original in zip(redacted.texts, texts, whole, strict=True)
        ]
        hidden = _with_texts(outward, safe)
        where = _partition(tenant, active.engine.version)
        return Trip(self, where, active.taxonomy, hidden, redacted, language)

    def _redact(self, texts: Sequence[str], ticket: Ticket, language: str) -> Redacted:
        known = {"customer_id": ticket.customer_id, **ticket.attributes}
        return redact(texts, known=known, language=language, finders=self._finders)


@dataclass(slots=True)
class Trip:
    """One ticket on its way out and back."""

    by: Outside
    where: Partition  # within which answers are reused
    taxonomy: Taxonomy
    ticket: Mapping[str, Any]  # without personal data
    redacted: Redacted
    language: str
    look: Look | None = None
    assessed: tuple[Assessment, float] = field(init=False)  # with the seconds that it took
    written: Draft = field(init=False)  # before personal data came back

    @property
    def hit(self) -> Hit | None:
        """The answer given before that answers this ticket, too."""
        return None if self.look is None else self.look.hit

    @property
    def reuse(self) -> Reuse | None:
        """What a run keeps of that."""
        hit = self.hit
        if hit is None:
            return None
        return Reuse(hit.source_run, hit.similarity, hit.error_bound, hit.is_guaranteed)

    async def look_up(self) -> str:
        """Look for an answer given before; in a few words for a person, what was found.

        Where that cannot be done just now, there is none.
        """
        if self.by.reuse is None or not self.by.reuse.is_enabled:
            return "answers are not reused"
        text = "\n".join(_texts(self.ticket))
        with suppress(Exception):  # an embedder may fail in any way: the ticket is answered
            async with asyncio.timeout(LONGEST_LOOK_S):
                self.look = await self.by.reuse.look(self.where, text, self.language)
            return _describe_look(self.look)
        return "could not be looked up"

    async def assess(
        self, reading: Reading, deadline_s: float, is_watched: bool
    ) -> AsyncGenerator[News, None]:
        """Have the ticket assessed, and pass on what is told meanwhile; ends with `assessed` set.

        `deadline_s` is a time of time.monotonic().
        """
        if self.hit is not None:
            own, seconds = await reading.assess()
            self.assessed = _reused(own, self.hit, self.taxonomy), seconds
            return
        ends_s = min(deadline_s, time.monotonic() + LONGEST_ASKING_S)
        narration = Narration() if is_watched else None
        outward = Outward(self.where.tenant, self.ticket, ends_s, narration)
        if narration is None:
            self.assessed = await reading.assess(outward)
            return
        work = asyncio.create_task(reading.assess(outward))
        async with aclosing(narration.of(work, self.redacted.restore)) as told:
            async for news in told:
                yield news
        self.assessed = await work

    async def draft(self, reading: Reading) -> tuple[Draft, float]:
        """Summary and reply with the personal data that was hidden, and the seconds they took."""
        self.written, seconds = await reading.draft()
        if self.hit is not None:
            self.written = _with_reply(self.written, self.hit)
        return self._restored(self.written), seconds

    def _restored(self, draft: Draft) -> Draft:
        restore = self.redacted.restore
        return Draft(
            draft.summary and restore(draft.summary)[:MOST_SUMMARY],
            draft.reply and restore(draft.reply)[:MOST_REPLY],
        )

    async def end(self, run: Run) -> None:
        """Let a fresh answer, as it was written, answer others; keep what no model answered."""
        with suppress(StorageError):  # the ticket is answered all the same
            if run.answer.is_degraded:
                await self._bury(run)
            elif self.by.reuse is not None and self.look is not None and self.hit is None:
                category = run.answer.category
                kept = orjson.dumps({"category": category, "reply": self.written.reply})
                fresh = Fresh(category.label, kept, run.run_id, run.create_time)
                await self.by.reuse.settle(self.look, fresh)

    async def _bury(self, run: Run) -> None:
        failed = [attempt for attempt in run.answer.attempts if attempt.outcome not in NO_FAULT]
        if not failed:
            return
        reason = failed[-1].outcome
        letter = DeadLetter(
            tenant=run.tenant,
            letter_id=run.run_id,
            create_time=run.create_time,
            function=FUNCTION,
            severity=Severity.CRITICAL if reason in CRITICAL else Severity.WARNING,
            reason=reason,
            attempts=tuple(
                FailedAttempt(a.provider, a.model, a.outcome, None, a.duration_s) for a in failed
            ),
            request=orjson.dumps(self.ticket),
        )
        await self.by.letters.add(letter)

    def describe_hidden(self) -> str:
        """What was hidden, in a few words for a person to read."""
        words = [f"{n} {kind.value.lower()}" for kind, n in sorted(self.redacted.counts.items())]
        return ", ".join(words) or "nothing to hide"


def _partition(tenant: str, version: EngineVersion) -> Partition:
    """Within which answers are reused. The categories are a part of the prompt: others, another."""
    prompt = f"{version.version} {version.taxonomy_revision}"
    return Partition(tenant, prompt, f"{version.engine} {version.model}")


def _describe_look(look: Look) -> str:
    if look.found is None:
        return "nothing near enough"
    similarity = look.found.neighbour.similarity
    if look.hit is None:
        return f"an answer at similarity {similarity:.3f}, not used"
    return f"the answer of triageRuns/{look.hit.source_run}, similarity {similarity:.3f}"


def _reused(own: Assessment, hit: Hit, taxonomy: Taxonomy) -> Assessment:
    """The ticket's own assessment with the category of a reused answer, as sure as it was."""
    category = decode_prediction(hit.answer["category"], str)
    policy = taxonomy.by_name[category.label].escalation_policy
    if policy is EscalationPolicy.ALWAYS:
        reasons = with_category_policy(own.escalation_reasons, policy)
        own = replace(own, escalation_reasons=reasons)
    return replace(own, category=category)


def _with_reply(own: Draft, hit: Hit) -> Draft:
    """The reply of a reused answer beside the ticket's own summary."""
    return own if own.reply is None else Draft(own.summary, hit.answer["reply"] or own.reply)


def _uncut(outward: Mapping[str, Any], ticket: Ticket) -> dict[str, Any]:
    """The same with the texts as they stand in the ticket."""
    texts = {name: getattr(ticket, name) for name in ("subject", "body") if name in outward}
    names = outward.get("attributes", {})
    return {**texts, "attributes": {name: ticket.attributes[name] for name in names}}


def _texts(outward: Mapping[str, Any]) -> list[str]:
    """The free texts of what leaves the process, in an order of their own."""
    return [
        *(outward[name] for name in ("subject", "body") if name in outward),
        *outward.get("attributes", {}).values(),
    ]


def _with_texts(outward: Mapping[str, Any], texts: Sequence[str]) -> dict[str, object]:
    """The same with other texts."""
    rest = iter(texts)
    changed: dict[str, object] = {n: next(rest) for n in ("subject", "body") if n in outward}
    if "attributes" in outward:
        changed["attributes"] = {name: next(rest) for name in outward["attributes"]}
    return {**outward, **changed}
