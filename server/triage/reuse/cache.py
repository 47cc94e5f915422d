"""The semantic cache: may the answer to another ticket answer this one?

`look` before the engine; without a hit, `settle` after it: that keeps the fresh answer for others,
and the gate learns from it.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from server.statistics.risk_control import Ruling
from server.storage.rounds import Repeated
from server.triage.reuse.facts import Facts, facts_of
from server.triage.reuse.gate import (
    NEIGHBOURS,
    Gate,
    GateSettings,
    Judgement,
    Learned,
    Verdict,
    candidate,
)
from server.triage.reuse.store import Entry, Found, Partition, ReuseStore, Vector

MOST_GATES = 1024  # that are kept in memory; the store has them all
MOST_ENTRIES = 50_000  # of a tenant; the oldest leave first
EXCHANGE_S = 1.0
MOST_REPORTED = 20  # gates of a tenant that are shown


@dataclass(frozen=True, slots=True)
class Hit:
    """An answer given before whose category is this ticket's too."""

    answer: Any  # as it was kept, parsed
    similarity: float  # cosine of the two texts, in [-1, 1]
    source_run: str  # id of the run that it was made for
    error_bound: float  # upper bound on the share of hits that are false, in [0, 1]
    is_guaranteed: bool  # whether that keeps the error budget; False: a fixed threshold


@dataclass(frozen=True, slots=True)
class Look:
    """What was found for a text. Without a hit, answer afresh and `settle`."""

    partition: Partition
    language: str
    embedding: Vector
    facts: Facts
    found: Found | None  # the entry that might answer, however near
    judgement: Judgement | None  # on that entry
    hit: Hit | None


@dataclass(frozen=True, slots=True)
class Fresh:
    """An answer that the engine has just given."""

    category: str
    answer: bytes  # JSON
    run_id: str
    create_time: datetime


@dataclass(frozen=True, slots=True)
class GateReport:
    """How a gate stands."""

    partition: Partition
    ruling: Ruling
    observed: int  # would-be hits that it has learned from
    wrong: int  # of them, known to be false


class Embedder(Protocol):
    """Makes vectors of texts; those of different names have nothing in common."""

    @property
    def name(self) -> str:
        """The model and what else its vectors depend on."""

    async def embed(self, texts: Sequence[str]) -> Sequence[Vector]:
        """A vector for each text, of length 1."""


class SemanticCache:
    """Answers by nearness.

    What its gates learn is exchanged with the other processes once a second.
    """

    def __init__(
        self,
        store: ReuseStore,
        embedder: Embedder,
        settings: GateSettings,
        draw: Callable[[], float],  # uniform in [0, 1)
        most_entries: int = MOST_ENTRIES,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self.is_enabled = True  # whether it should be asked at all
        self._settings = settings
        self._draw = draw
        self._most_entries = most_entries
        self._gates: OrderedDict[Partition, Gate] = OrderedDict()
        self._used: set[Partition] = set()  # gates, since the last exchange
        self._exchanging = Repeated(
            "semantic-cache", self.exchange, EXCHANGE_S, at_end=self.exchange
        )

    def start(self) -> None:
        """Exchange what is learned with other processes, from now on."""
        self._exchanging.start()

    async def stop(self) -> None:
        """Hand over what was learned last."""
        await self._exchanging.stop()

    def configure(self, settings: GateSettings) -> None:
        """Put other settings in force; what was learned stays."""
        self._settings = settings
        for gate in self._gates.values():
            gate.configure(settings)

    async def report(self, tenant: str) -> list[GateReport]:
        """How a tenant's gates stand, those that have learned most first, as of the last second.

        Raises StorageUnavailable.
        """
        found = await self._store.gates(tenant, MOST_REPORTED)
        return [self._report(partition, known) for partition, known in found]

    async def count_entries(self, tenant: str) -> int:
        """How many of a tenant's answers may be given again. Raises StorageUnavailable."""
        return await self._store.count(tenant)

    async def look(self, partition: Partition, text: str, language: str) -> Look:
        """What may answer a text from which personal data was taken out.

        Raises StorageUnavailable, and what the embedder raises.
        """
        (embedding,) = await self._embedder.embed([text])
        facts = facts_of(text, language)
        near = await self._store.nearest(
            partition, self._embedder.name, embedding, language, NEIGHBOURS
        )
        chosen = candidate([found.neighbour for found in near], facts)
        if chosen is None:
            return Look(partition, language, embedding, facts, None, None, None)
        found, gate = near[chosen], await self._gate(partition)
        judgement, hit = gate.judge(found.neighbour.similarity), None
        if judgement.verdict is Verdict.SERVE:
            gate.learn(judgement, None)
            hit = _hit(found, judgement)
        return Look(partition, language, embedding, facts, found, judgement, hit)

    async def settle(self, look: Look, fresh: Fresh) -> None:
        """Keep a fresh answer for others, and learn what the would-be hit was worth.

        Raises StorageUnavailable.
        """
        if look.found is not None and look.judgement is not None:
            is_false = look.found.neighbour.category != fresh.category
            (await self._gate(look.partition)).learn(look.judgement, is_false)
        entry = Entry(
            language=look.language,
            embedder=self._embedder.name,
            embedding=look.embedding,
            facts=look.facts,
            category=fresh.category,
            answer=fresh.answer,
            run_id=fresh.run_id,
            create_time=fresh.create_time,
        )
        await self._store.add(look.partition, entry)
        if self._draw() * self._most_entries < 100:  # often enough to stay within some percent
            await self._store.trim(look.partition.tenant, self._most_entries)

    async def exchange(self) -> None:
        """Tell the other processes what was learned here, and follow what all know together.

        What cannot be told is lost: told twice, it would count twice. Raises StorageUnavailable.
        """
        used = [(partition, self._gates[partition]) for partition in self._used]
        self._used.clear()
        for partition, gate in used:
            gate.follow(await self._store.exchange(partition, gate.take_new()))
            if gate.has_drifted:
                await self._store.start_anew(partition, gate.era)
                gate.follow(await self._store.exchange(partition, Learned()))

    def _report(self, partition: Partition, known: Learned) -> GateReport:
        gate = Gate(self._settings, self._draw)
        gate.follow(known)
        wrong = sum(n for seen, n in known.counts.items() if seen.is_wrong)
        return GateReport(partition, gate.ruling, known.counts.total(), wrong)

    async def _gate(self, partition: Partition) -> Gate:
        gate = self._gates.get(partition)
        if gate is None:
            known = await self._store.exchange(partition, Learned())
            gate = self._gates.setdefault(partition, Gate(self._settings, self._draw))
            gate.follow(known)
            if len(self._gates) > MOST_GATES:
                self._used.discard(self._gates.popitem(last=False)[0])
        self._gates.move_to_end(partition)
        self._used.add(partition)
        return gate


def _hit(found: Found, judgement: Judgement) -> Hit:
    return Hit(
        answer=found.answer,
        similarity=found.neighbour.similarity,
        source_run=found.run_id,
        error_bound=judgement.ruling.error_bound,
        is_guaranteed=judgement.ruling.is_guaranteed,
    )
