"""Kept answers by the runs that they tell of: their tags, and the notice that drops them."""

from collections.abc import Sequence

from server.storage.database import Connection
from server.triage.run import Run

ANSWER_CHANNEL = "switchyard_answers"  # NOTIFY with a tag as payload


def answer_tags(run: Run) -> tuple[str, ...]:
    """What the kept answer of a run is tagged with: the run, and the one whose answer it reused.

    Dropping all of them drops also what others were answered from the same source.
    """
    reuse = run.answer.reuse
    runs = (run.run_id,) if reuse is None else (run.run_id, reuse.source_run)
    return tuple(f"run:{run_id}" for run_id in runs)


async def notify_answers(connection: Connection, tags: Sequence[str]) -> None:
    """Have every process drop the kept answers with these tags once the open transaction is
    committed.
    """
    await connection.execute(
        "SELECT pg_notify(%s, tag) FROM unnest(%s::text[]) AS tag", [ANSWER_CHANNEL, [*tags]]
    )
