"""By which tags the kept answer of a run can be dropped."""

from dataclasses import replace

from server.triage.answer_store import answer_tags
from server.triage.run import Reuse
from tests.unit.triage.test_run_records import ANSWER
from tests.unit.triage.test_trial import run


def test_an_answer_is_tagged_with_its_run() -> None:
    assert answer_tags(run(ANSWER)) == (f"run:{'1' * 32}",)


def test_an_answer_that_was_reused_is_tagged_with_its_source_too() -> None:
    reuse = Reuse("2" * 32, 0.97, 0.02, is_guaranteed=True)
    tags = answer_tags(run(replace(ANSWER, reuse=reuse)))
    assert tags == (f"run:{'1' * 32}", f"run:{'2' * 32}")
