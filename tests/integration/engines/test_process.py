"""The engine in its own process: real pipes, real kills."""

import asyncio
import dataclasses
import itertools
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psutil
import pytest
import pytest_asyncio

from server.engines.embedded.process import EngineProcess
from server.engines.embedded.remote import RemoteEngineMaker
from server.engines.errors import EngineError
from server.triage.assessment import Assessment, Draft
from server.triage.engine import Engine, Parts
from server.triage.errors import ModelUnreadable
from server.triage.examples.label import RecentLabel
from server.triage.starter import starter_taxonomy
from server.triage.ticket import Ticket, encode_record

TICKET = Ticket(id="1", body="I was charged twice for order 4412. My lawyer will hear of this.")


@asynccontextmanager
async def running(process: EngineProcess) -> AsyncIterator[EngineProcess]:
    """A process that runs as long as the block."""
    await process.start()
    try:
        yield process
    finally:
        await process.stop()


@pytest_asyncio.fixture
async def process() -> AsyncIterator[EngineProcess]:
    """A running engine process."""
    async with running(EngineProcess()) as process:
        yield process


@pytest_asyncio.fixture
async def engine(process: EngineProcess) -> Engine:
    """The starter engine in the process."""
    return await load_starter(process)


async def load_starter(process: EngineProcess, revision: int = 0) -> Engine:
    maker = RemoteEngineMaker(process)
    taxonomy = dataclasses.replace(starter_taxonomy(), revision=revision)
    return await maker.load(maker.starter_model(), taxonomy)


async def assess(engine: Engine, ticket: Ticket = TICKET) -> str:
    return (await read(engine, ticket))[1].category.label


async def read(engine: Engine, ticket: Ticket) -> tuple[str, Assessment, Draft]:
    """Language, assessment and draft."""
    reading = engine.read(encode_record(ticket), Parts())
    language, _ = await reading.language()
    assessment, _ = await reading.assess()
    draft, seconds = await reading.draft()
    assert seconds > 0
    return language.label, assessment, draft


def worker_pid() -> int:
    """Process id of the newest worker: servers of other tests may have theirs."""
    workers = filter(is_worker, psutil.Process().children())
    return max(workers, key=psutil.Process.create_time).pid


def is_worker(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):  # gone by now
        return "server.engines.embedded.worker" in process.cmdline()
    return False


async def test_assessment_and_draft_come_from_the_process(engine: Engine) -> None:
    language, found, draft = await read(engine, TICKET)
    assert language == "en"
    assert found.category.confidence > 0.5
    assert [reason.code for reason in found.escalation_reasons] == ["LEGAL_THREAT"]
    assert draft.reply is not None
    assert "4412" in draft.reply


async def test_everyone_gets_the_answer_to_their_own_ticket(engine: Engine) -> None:
    tickets = [Ticket(id=f"t-{i}", body=f"Where is order {1000 + i}?") for i in range(200)]
    found = await asyncio.gather(*[read(engine, ticket) for ticket in tickets])
    for i, (_, _, draft) in enumerate(found):
        assert str(1000 + i) in str(draft.reply)


async def test_a_killed_process_is_started_again_and_nobody_notices(engine: Engine) -> None:
    before = await assess(engine)
    for _ in range(3):
        os.kill(worker_pid(), signal.SIGKILL)
        assert await assess(engine) == before


async def test_a_process_that_hangs_is_replaced() -> None:
    async with running(EngineProcess()) as process:
        engine = await load_starter(process)
        hanging = worker_pid()
        os.kill(hanging, signal.SIGSTOP)
        assert await assess(engine)
        assert worker_pid() != hanging


async def test_a_model_that_was_cut_short_is_refused(process: EngineProcess) -> None:
    maker = RemoteEngineMaker(process)
    with pytest.raises(ModelUnreadable):
        await maker.load(maker.starter_model()[:1000], starter_taxonomy())


async def test_a_job_that_fails_harms_no_other(process: EngineProcess, engine: Engine) -> None:
    bad = asyncio.ensure_future(process.ask(b'["nonsense"]'))
    good = asyncio.ensure_future(assess(engine))
    with pytest.raises(EngineError):
        await bad
    assert await good


async def test_jobs_that_nobody_waits_for_any_more_hold_up_no_other(engine: Engine) -> None:
    given_up = [asyncio.create_task(assess(engine)) for _ in range(40)]
    await asyncio.sleep(0)  # one turn of the loop: now all have asked
    for task in given_up:
        task.cancel()
    assert await assess(engine)
    assert all(task.cancelled() for task in given_up)


async def test_engines_that_were_dropped_for_others_come_back() -> None:
    async with running(EngineProcess(most_engines=2)) as process:
        engines = [await load_starter(process, revision) for revision in range(4)]
        for engine in engines * 2:
            assert await assess(engine)


async def test_stopping_leaves_no_process(process: EngineProcess) -> None:
    pid = worker_pid()
    await process.stop()
    assert not psutil.pid_exists(pid)


def label(number: int, text: str, category: str = "billing") -> RecentLabel:
    return RecentLabel(f"{number:032x}", text, category)


async def similar(engine: Engine, body: str) -> list[str]:
    """Ids of the recent labels that an engine finds similar."""
    reading = engine.read(encode_record(Ticket(id="1", body=body)), Parts())
    await reading.language()
    return [one.label_id for one in reading.similar]


THINGS = ("lamp", "sofa", "kettle", "rug", "mirror", "desk", "curtain", "drill", "fan", "tent")
FAULTS = ("is broken", "never came", "has the wrong colour", "smells", "is too small", "leaks")
WHERE = ("kitchen", "garden", "office", "cellar", "bathroom")
LESSONS = [
    label(i, f"The {thing} for my {where} {fault}")
    for i, (thing, where, fault) in enumerate(itertools.product(THINGS, WHERE, FAULTS))
]


async def test_what_an_engine_has_learned_is_found_again(engine: Engine) -> None:
    await engine.learn(LESSONS)
    assert LESSONS[250].label_id in await similar(engine, LESSONS[250].text)
    assert await similar(engine, "Bonjour") == []


async def test_a_process_that_is_started_again_knows_what_the_last_one_had_learned(
    engine: Engine,
) -> None:
    await engine.learn(LESSONS)
    os.kill(worker_pid(), signal.SIGKILL)
    for _ in range(1000):
        if LESSONS[250].label_id in await similar(engine, LESSONS[250].text):
            return
    raise AssertionError("it never knew")


async def test_tickets_do_not_wait_until_a_new_process_has_learned_everything(
    engine: Engine,
) -> None:
    await engine.learn(LESSONS)
    os.kill(worker_pid(), signal.SIGKILL)
    assert await similar(engine, LESSONS[250].text) == []


async def test_others_are_answered_while_a_tenant_teaches_much(process: EngineProcess) -> None:
    maker, starter = RemoteEngineMaker(process), starter_taxonomy()
    ann, bob = [await maker.load(maker.starter_model(), starter, owner) for owner in ("ann", "bob")]
    teaching = asyncio.create_task(ann.learn(LESSONS))
    assert await assess(bob)
    assert not teaching.done()
    await teaching


async def test_a_later_lesson_takes_the_place_of_the_one_before(engine: Engine) -> None:
    await engine.learn(LESSONS)
    kept, changed = LESSONS[7], dataclasses.replace(LESSONS[8], category="shipping")
    await engine.learn([kept, changed])
    reading = engine.read(encode_record(Ticket(id="1", body=changed.text)), Parts())
    await reading.language()
    assert {(one.label_id, one.category) for one in reading.similar} == {
        (kept.label_id, "billing"),
        (changed.label_id, "shipping"),
    }


async def test_engines_of_others_hear_of_nothing(process: EngineProcess) -> None:
    maker, starter = RemoteEngineMaker(process), starter_taxonomy()
    ann, bob = [await maker.load(maker.starter_model(), starter, owner) for owner in ("ann", "bob")]
    await ann.learn(LESSONS)
    assert await similar(bob, LESSONS[250].text) == []


async def test_a_retired_engine_still_answers_who_asks_it(engine: Engine) -> None:
    await engine.learn(LESSONS)
    reading = engine.read(encode_record(TICKET), Parts())
    engine.retire()
    assert (await reading.language())[0].label == "en"
