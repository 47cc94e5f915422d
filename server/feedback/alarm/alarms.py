"""What follows an alarm, once the judgement that raised it is committed."""

from collections.abc import Awaitable, Callable, Sequence

from server.feedback.alarm.subjects import Kind, Subject
from server.feedback.alarm.watch import Watch
from server.feedback.alarm.watch_store import Raised, WatchStore
from server.storage.rounds import Rounds

RollBack = Callable[[str, Subject, str], Awaitable[str]]  # of a tenant, for a reason; what was done


class Alarms:
    """Counts alarms and takes back what is flagged, where the tenant wants it.

    roll_back  says in one plain sentence what was done, also where nothing could be
    """

    def __init__(
        self, watches: WatchStore, roll_back: RollBack, count: Callable[[Kind], None]
    ) -> None:
        self._watches = watches
        self._roll_back = roll_back
        self._count = count
        self._rounds = Rounds("overturn_alarm")

    async def take_back(self, tenant: str, raised: Sequence[Raised]) -> None:
        """Act on alarms. What fails raises nothing, for the feedback is committed: it is tried
        again with the next judgement of the same subject.
        """
        for alarm in raised:
            if alarm.is_new:
                self._count(alarm.watch.subject.kind)
            if alarm.rolls_back:
                with self._rounds:
                    await self._act(tenant, alarm.watch)

    async def _act(self, tenant: str, watch: Watch) -> None:
        action = await self._roll_back(tenant, watch.subject, reason_of(watch))
        await self._watches.act(tenant, watch, action)


def reason_of(watch: Watch) -> str:
    """Why it is flagged, in one plain sentence."""
    subject = watch.subject
    return (
        f"Overturn alarm: of {watch.judged} judged answers of {subject.kind} {subject.name},"
        f" {watch.overturned} were overturned, and at most {watch.bound:.0%} may be."
    )
