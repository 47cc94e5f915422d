"""A tenant's experiments as its administrator has them done, at either of two servers."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from google.protobuf.message import Message
from switchyard.experiment.v1 import experiment_service_pb2 as pb
from switchyard.experiment.v1 import experiment_service_pb2_grpc

from tests.integration.callers import EXPERIMENTS, Caller

NAME = "experiments/prompt-2"
SOLVED = {"name": "solved", "kind": "METRIC_KIND_BINARY", "role": "METRIC_ROLE_PRIMARY"}
SECONDS = {"name": "seconds", "kind": "METRIC_KIND_MEAN"}
COST = {"name": "cost", "kind": "METRIC_KIND_RATIO"}
P95 = {"name": "p95", "kind": "METRIC_KIND_QUANTILE", "quantile": 0.95}


def design(weights: Sequence[float] = (0.5, 0.5), **fields: Any) -> dict[str, Any]:
    """Variants a, b, ... with these weights, and one binary metric."""
    variants = [{"name": chr(ord("a") + at), "weight": w} for at, w in enumerate(weights)]
    return {"variants": variants, "metrics": [SOLVED], "unit": "UNIT_KIND_OTHER"} | fields


def outcome(unit: str, **fields: Any) -> dict[str, Any]:
    """A success of a unit; its id is "1"."""
    named = {"experiment": NAME, "unit_id": unit, "metric": "solved", "outcome_id": "1"}
    result = {} if "value" in fields else {"success": True}
    return named | result | fields


def units(count: int, prefix: str = "u") -> list[str]:
    """As many units."""
    return [f"{prefix}-{number}" for number in range(count)]


@dataclass(frozen=True, slots=True)
class Desk:
    """A tenant's administrator at a server."""

    admin: Caller

    @property
    def tenant(self) -> str:
        """Whose experiments they are."""
        return self.admin.name.partition("/")[0]

    def at(self, other: Caller) -> "Desk":
        """The same at the other caller's server."""
        return Desk(replace(self.admin, channel=other.channel))

    def call(self, method: str, **fields: Any) -> Any:
        """A call under way of the service."""
        return self.admin.call(f"{EXPERIMENTS}/{method}", **fields)

    async def create(self, wanted: dict[str, Any] | None = None, name: str = NAME) -> Any:
        """A draft."""
        fields = {"experiment_id": _id(name), "experiment": wanted or design()}
        return (await self.call("CreateExperiment", **fields)).experiment

    async def begin(self, wanted: dict[str, Any] | None = None, name: str = NAME) -> Any:
        """An experiment that runs."""
        await self.create(wanted, name)
        return await self.change("Start", name)

    async def change(self, verb: str, name: str = NAME, **fields: Any) -> Any:
        """The experiment after Start, Pause, Stop or Archive."""
        return (await self.call(f"{verb}Experiment", name=name, **fields)).experiment

    async def get(self, name: str = NAME) -> Any:
        """The experiment as it is."""
        return (await self.call("GetExperiment", name=name)).experiment

    async def update(self, name: str = NAME, **fields: Any) -> Any:
        """The experiment with other values of some fields."""
        wanted = {"name": name, "etag": (await self.get(name)).etag} | fields
        return (await self.call("UpdateExperiment", experiment=wanted)).experiment

    async def assign(self, unit: str, **fields: Any) -> Any:
        """What a unit gets."""
        scope = {} if {"layer", "experiment"} & fields.keys() else {"experiment": NAME}
        return await self.call("AssignVariant", unit_id=unit, **scope, **fields)

    async def expose(self, names: Iterable[str], **fields: Any) -> dict[str, str]:
        """Many units, each with its variant."""
        names = list(names)
        answers = await asyncio.gather(*(self.assign(unit, **fields) for unit in names))
        return {unit: answer.variant for unit, answer in zip(names, answers, strict=True)}

    async def record(self, unit: str, **fields: Any) -> Any:
        """What became of an outcome."""
        return await self.call("RecordOutcome", outcome=outcome(unit, **fields))

    async def record_all(self, outcomes: Iterable[dict[str, Any]]) -> Any:
        """What became of many."""

        async def items() -> AsyncIterator[pb.RecordOutcomesRequest]:
            for each in outcomes:
                yield pb.RecordOutcomesRequest(outcome=each)

        return await self.stream(items())

    def stream(self, items: AsyncIterator[Any]) -> Any:
        """A call of RecordOutcomes under way."""
        stub: Any = experiment_service_pb2_grpc.ExperimentServiceStub(self.admin.channel)  # type: ignore[no-untyped-call]  # generated
        secret = self.admin.secret
        key = (("authorization", f"Bearer {secret}"),) if secret else ()
        return stub.RecordOutcomes(items, metadata=key, timeout=60)

    async def results(self, name: str = NAME, **fields: Any) -> Any:
        """What an experiment has shown."""
        return (await self.call("GetExperimentResults", name=name, **fields)).results

    def watch(self, name: str = NAME, seconds: float = 0.1) -> Any:
        """A call of WatchExperimentResults under way."""
        interval = {"nanos": round(seconds * 1e9)}
        return self.admin.stream(
            f"{EXPERIMENTS}/WatchExperimentResults", name=name, min_interval=interval
        )


def numbers(message: Message) -> list[float]:
    """Every double in a message, however deep."""
    found: list[float] = []
    for field, value in message.ListFields():
        for each in value if field.is_repeated else [value]:
            if isinstance(each, Message):
                found += numbers(each)
            elif field.type == field.TYPE_DOUBLE:
                found.append(each)
    return found


def _id(name: str) -> str:
    return name.removeprefix("experiments/")
