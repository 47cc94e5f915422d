"""What triage does with a ticket before an engine asks outside the process, and after.

Personal data is hidden, an answer given before is looked for, and what failed for good is kept.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any

import orjson

from interceptors.errors import CircuitOpen
from server.dead_letters.letter import DeadLetter, FailedAttempt, Severity
from server.privacy.found import Finder, Kind
from server.privacy.redaction import Redacted
from server.storage.errors import StorageError
from server.triage.assessment import (
    MOST_REPLY,
    MOST_SUMMARY,
    Assessment,
    Draft,
    decode_prediction,
)
from server.triage.engine import EngineVersion, Example, Outward, Reading, Similar, Terms
from server.triage.hiding import hide, hide_example, texts_of, wording_of
from server.triage.narration import Narrator, News
from server.triage.reuse.cache import Fresh, Hit, Look, SemanticCache
from server.triage.reuse.store import Partition
from server.triage.rulebook import with_category_policy
from server.triage.run import Reuse, Run
from server.triage.supply import Active
from server.triage.taxonomy import Taxonomy
from server.triage.ticket import Ticket, outward_ticket

LONG_CHARACTERS = 2000  # of texts from which on hiding takes a thread of its own
# Why a model's answer was not had, without anything being at fault.
NO_FAULT = frozenset({"no_time", "no_budget", "over_budget", "cancelled", "drill"})
CRITICAL = frozenset({"unauthorized", "unpaid", "untrusted"})
LONGEST_ASKING_S = 30.0
LONGEST_LOOK_S = 2.0  # for an answer given before: a model is asked sooner than waited for that
LOOK_SHARE = 0.25  # of the caller's time, at most, for the same: the rest is the model's
FUNCTION = "triage.classify"
LEAST_SIMILARITY = 0.5  # of a corrected ticket that models are shown
MOST_HIDDEN = 2048  # examples that are kept without personal data


class Outside:
    """Sends tickets out."""

    def __init__(
        self,
        reuse: SemanticCache | None,
        count_hidden: Callable[[Mapping[Kind, int]], None],
        count_failed_look: Callable[[str], None],
        finders: Sequence[Finder] = (),
    ) -> None:
        self.reuse = reuse
        self.count_failed_look = count_failed_look
        self._count_hidden = count_hidden
        self._finders = finders
        self._example = lru_cache(MOST_HIDDEN)(partial(hide_example, finders=finders))

    def examples(self, similar: Sequence[Similar], active: Active) -> tuple[Example, ...]:
        """The corrected tickets that models are shown, without personal data."""
        return tuple(
            Example(self._example(label.text, ""), label.category)
            for one in similar
            if one.similarity >= LEAST_SIMILARITY
            and (label := active.recent.get(one.label_id)) is not None
        )

    async def set_out(
        self,
        tenant: str,
        ticket: Ticket,
        language: str,
        active: Active,
        terms: Terms,
        similar: Sequence[Similar] = (),
        *,
        may_share: bool,
    ) -> "Trip":
        """The trip of a ticket whose personal data is hidden, to models that are asked under
        `terms`. Unless it may share, it neither gets other tickets' answers nor gives its own.
        """
        outward = outward_ticket(ticket, language)
        if sum(map(len, texts_of(outward))) < LONG_CHARACTERS:
            redacted, hidden = hide(outward, ticket, language, self._finders)
        else:
            redacted, hidden = await asyncio.to_thread(
                hide, outward, ticket, language, self._finders
            )
        self._count_hidden(redacted.counts)
        where = _partition(tenant, active.engine.version, terms)
        return Trip(
            self,
            where,
            active.taxonomy,
            hidden,
            redacted,
            language,
            terms,
            may_share=may_share,
            examples=self.examples(similar, active),
        )


@dataclass(slots=True)
class Trip:
    """One ticket on its way out and back."""

    by: Outside
    where: Partition  # within which answers are reused
    taxonomy: Taxonomy
    ticket: Mapping[str, Any]  # without personal data
    redacted: Redacted
    language: str
    terms: Terms  # under which models are asked
    may_share: bool  # whether it may get an answer that others have, and they its own
    examples: tuple[Example, ...] = ()  # that models are shown
    look: Look | None = None
    assessed: Assessment = field(init=False)
    own_category: str = field(init=False)  # that the reply at hand is about, where one is reused
    written: Draft = field(init=False)  # before personal data came back

    @property
    def has_words(self) -> bool:
        """Whether anything is left of subject and body to ask a model with."""
        return any(self.redacted.has_words[: 2 if "subject" in self.ticket else 1])

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

    async def look_up(self, deadline_s: float) -> str:
        """Look for an answer given before; in a few words for a person, what was found.

        Where that cannot be done just now, there is none. `deadline_s` is a time of
        time.monotonic().
        """
        if self.by.reuse is None or not self.by.reuse.is_enabled:
            return "answers are not reused"
        if not self.may_share:
            return "answers are not reused within an experiment"
        if not self.has_words:
            return "nothing is left to look for"
        text = "\n".join(texts_of(self.ticket))
        longest_s = min(LONGEST_LOOK_S, LOOK_SHARE * (deadline_s - time.monotonic()))
        try:
            async with asyncio.timeout(longest_s):
                self.look = await self.by.reuse.look(self.where, text, self.language)
        except Exception as error:  # an embedder may fail in any way: the ticket is answered
            why = _why_not_looked(error)
            self.by.count_failed_look(why)
            return f"could not be looked up: {why}"
        return _describe_look(self.look)

    async def assess(
        self, reading: Reading, deadline_s: float, tell: Callable[[News], None] | None
    ) -> tuple[Assessment, float]:
        """The assessment, and the seconds that it took; `tell` hears what is said meanwhile.

        `deadline_s` is a time of time.monotonic().
        """
        if self.hit is not None:
            own, seconds = await reading.assess()
            self.own_category = own.category.label
            self.assessed = _reused(own, self.hit, self.taxonomy)
            return self.assessed, seconds
        outward = self._outward(deadline_s, tell) if self.has_words else None
        self.assessed, seconds = await reading.assess(outward)
        return self.assessed, seconds

    def _outward(self, deadline_s: float, tell: Callable[[News], None] | None) -> Outward:
        return Outward(
            self.where.tenant,
            self.ticket,
            min(deadline_s, time.monotonic() + LONGEST_ASKING_S),
            None if tell is None else Narrator(tell, self.redacted.restore),
            self.terms,
            may_share=self.may_share,
            examples=self.examples,
        )

    async def draft(self, reading: Reading) -> tuple[Draft, float]:
        """Summary and reply with the personal data that was hidden, and the seconds they took."""
        self.written, seconds = await reading.draft()
        if self.hit is not None:
            self.written = self._with_reply(self.written, self.hit)
        return self._restored(self.written), seconds

    def version(self, reading: Reading) -> EngineVersion:
        """Who named the category: where one is reused, the engine that did then."""
        return reading.version if self.hit is None else EngineVersion(**self.hit.answer["engine"])

    def _with_reply(self, own: Draft, hit: Hit) -> Draft:
        """The ticket's own summary, and the reply to the same text or else one of its own."""
        if own.reply is None:
            return own
        if hit.answer["asked"] == wording_of(self.ticket) and hit.answer["reply"]:
            return Draft(own.summary, hit.answer["reply"])
        categories = self.taxonomy.by_name
        words, others = (
            categories[name].reply_text.strip()
            for name in (self.own_category, self.assessed.category.label)
        )
        return Draft(own.summary, own.reply.replace(words, others, 1) if words else own.reply)

    def _restored(self, draft: Draft) -> Draft:
        restore = self.redacted.restore
        return Draft(
            draft.summary and restore(draft.summary)[:MOST_SUMMARY],
            draft.reply and restore(draft.reply)[:MOST_REPLY],
        )

    async def end(self, run: Run) -> None:
        """Let a fresh answer, as it was written, answer others."""
        reuse, look = self.by.reuse, self.look
        if reuse is None or look is None or self.hit is not None or run.answer.is_degraded:
            return
        kept = {
            "category": self.assessed.category,  # as the model was sure of it
            "reply": self.written.reply,
            "asked": wording_of(self.ticket),
            "engine": run.answer.engine,
        }
        label = run.answer.category.label
        fresh = Fresh(label, orjson.dumps(kept), run.run_id, run.create_time)
        with suppress(StorageError):  # the ticket is answered all the same
            await reuse.settle(look, fresh)

    def letter(self, run: Run) -> DeadLetter | None:
        """What is kept of a ticket that no model answered, to ask again; None: one did, or nothing
        was at fault.
        """
        failed = [attempt for attempt in run.answer.attempts if attempt.outcome not in NO_FAULT]
        if not run.answer.is_degraded or not failed:
            return None
        reason = failed[-1].outcome
        return DeadLetter(
            tenant=run.tenant,
            letter_id=run.run_id,
            create_time=run.create_time,
            function=FUNCTION,
            severity=Severity.CRITICAL if reason in CRITICAL else Severity.WARNING,
            reason=reason,
            attempts=tuple(
                FailedAttempt(a.provider, a.model, a.outcome, a.status, a.duration_s)
                for a in failed
            ),
            request=orjson.dumps(self.ticket),
        )

    def describe_hidden(self) -> str:
        """What was hidden, in a few words for a person to read."""
        words = [f"{n} {kind.value.lower()}" for kind, n in sorted(self.redacted.counts.items())]
        hidden = ", ".join(words) or "nothing to hide"
        shown = len(self.examples)
        return f"{hidden}; {shown} similar corrected shown" if shown else hidden


def _partition(tenant: str, version: EngineVersion, terms: Terms) -> Partition:
    """Within which answers are reused. The categories are a part of the prompt: others, another."""
    prompt = f"{version.version} {version.taxonomy_revision} {terms}".rstrip()
    return Partition(tenant, prompt, f"{version.engine} {version.model}")


def _why_not_looked(error: Exception) -> str:
    named = {TimeoutError: "timeout", CircuitOpen: "circuit_open", StorageError: "storage"}
    return next((why for kind, why in named.items() if isinstance(error, kind)), "embedder")


def _describe_look(look: Look) -> str:
    if look.found is None:
        return "nothing near enough"
    similarity = look.found.neighbour.similarity
    if look.hit is None:
        return f"an answer at similarity {similarity:.3f}, not used"
    return f"the category of triageRuns/{look.hit.source_run}, similarity {similarity:.3f}"


def _reused(own: Assessment, hit: Hit, taxonomy: Taxonomy) -> Assessment:
    """The ticket's own assessment with the category of a reused answer, as sure as it was."""
    category = decode_prediction(hit.answer["category"])
    policy = taxonomy.by_name[category.label].escalation_policy
    reasons = with_category_policy(own.escalation_reasons, policy)
    resolution_s = own.resolution_s if category.label == own.category.label else None
    return replace(own, category=category, escalation_reasons=reasons, resolution_s=resolution_s)
