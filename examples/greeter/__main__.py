"""Calls the greeter until every interceptor has had something to do.

python -m examples.greeter
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import grpc
import orjson
from google.protobuf.wrappers_pb2 import StringValue
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from prometheus_client import CollectorRegistry, generate_latest

from examples.greeter.server import GREET, make_chain, make_telemetry, served


class Visitor:
    """Asks for greetings, and tells what came back."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._greet: Any = channel.unary_unary(
            f"/{GREET}", StringValue.SerializeToString, StringValue.FromString
        )

    async def ask(self, name: str, who: str = "host") -> float:
        """Ask for a greeting and print the answer; the seconds after which to ask again."""
        call = self._greet(
            StringValue(value=name), metadata=[("authorization", f"Bearer {who}")], timeout=10
        )
        try:
            answer = (await call).value
        except grpc.aio.AioRpcError as error:
            answer, wait_s = read_refusal(error)
        else:
            wait_s = 0.0
        told = await call.trailing_metadata()
        facts = [told.get(key) for key in ("x-switchyard-cache", "ratelimit")]
        print(f"  {answer}", *[f"[{fact}]" for fact in facts if fact])
        return wait_s

    async def ask_at_once(self, *names: str, who: str = "host") -> float:
        """Ask for several greetings at the same time; the longest wait that one is told."""
        return max(await asyncio.gather(*[self.ask(name, who) for name in names]))


def read_refusal(error: grpc.aio.AioRpcError) -> tuple[str, float]:
    """A refusal in words, and the seconds after which to come back."""
    found = rpc_status.from_call(error)  # type: ignore[arg-type]  # it takes an AioRpcError too
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    for detail in found.details if found else ():
        detail.Unpack(info)
        detail.Unpack(retry)
    wait_s = retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9
    after = f" (retry after {wait_s:.3f} s)" if wait_s else ""
    return f"{info.reason}: {error.details()}{after}", wait_s


async def visit(visitor: Visitor) -> None:
    """Give every interceptor something to do."""
    print("Identity: who does not show who it is stays outside.")
    await visitor.ask("Ada", who="nobody")

    print("Cache: the second greeting is the first, and twins share one.")
    await visitor.ask("Ada")
    await visitor.ask("Ada")
    await visitor.ask_at_once("Slow Eve", "Slow Eve")

    print("Rate limit: four a second; the refusal tells the true wait.")
    wait_s = await visitor.ask_at_once(*["Ada"] * 5, who="guest")
    await asyncio.sleep(wait_s)
    await visitor.ask("Ada", who="guest")

    print("Deadline: the contract allows 0.3 s.")
    await visitor.ask("Endless Bob")

    print("Concurrency: three places for these calls, one may wait, the others are shed.")
    await visitor.ask_at_once(*[f"Slow {number}" for number in range(1, 7)])

    print("Circuit breaker: opens after three failures; what is cached is served all the same.")
    for _ in range(3):
        await visitor.ask("Troll")
    wait_s = await visitor.ask("Grace")
    await visitor.ask("Ada")
    await asyncio.sleep(wait_s)
    await visitor.ask("Grace")


def show_records(registry: CollectorRegistry, lines: list[Mapping[str, object]]) -> None:
    """What telemetry has seen."""
    print("Metrics: calls by their end.")
    for line in generate_latest(registry).decode().splitlines():
        if line.startswith("grpc_server_call_duration_seconds_count"):
            print(f"  {line}")
    print("Log: a line a call; the last one.")
    print(f"  {orjson.dumps(lines[-1]).decode()}")


async def main() -> None:
    """Serve, visit, show."""
    registry, lines = CollectorRegistry(), list[Mapping[str, object]]()
    telemetry = make_telemetry(registry, lines)
    async with (
        served(make_chain(telemetry)) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        await visit(Visitor(channel))
    telemetry.settle()
    show_records(registry, lines)


if __name__ == "__main__":
    asyncio.run(main())
