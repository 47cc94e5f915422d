"""What one process changes, the others hear of, also after a lost connection."""

import asyncio
import os
import signal

import psycopg

from server.storage.notifications import Notifications

OURS = (
    " FROM pg_stat_activity"
    " WHERE application_name = 'switchyard-notifications' AND datname = current_database()"
)
TERMINATE = f"SELECT pg_terminate_backend(pid) {OURS}"
LOST = "(lost)"
PATIENCE_S = 60.0


class Heard:
    """Payloads in the order in which they came."""

    def __init__(self) -> None:
        self.payloads: asyncio.Queue[str | None] = asyncio.Queue()

    async def next(self) -> str | None:
        """The next payload; fails when none comes."""
        return await asyncio.wait_for(self.payloads.get(), PATIENCE_S)


async def test_a_payload_is_heard_and_a_reconnect_says_that_all_may_have_changed(
    database_url: str,
) -> None:
    heard = Heard()
    notifications = Notifications(database_url, {"news": heard.payloads.put_nowait})
    notifications.start()
    assert await heard.next() is None
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute("SELECT pg_notify('news', 'a')")
        assert await heard.next() == "a"
        await connection.execute(TERMINATE.encode())
        assert await heard.next() is None
        await connection.execute("SELECT pg_notify('news', 'b')")
        assert await heard.next() == "b"
    await notifications.stop()


async def test_a_lost_connection_is_told_before_the_next_one_listens(database_url: str) -> None:
    heard = Heard()
    notifications = Notifications(
        database_url, {"news": heard.payloads.put_nowait}, [lambda: heard.payloads.put_nowait(LOST)]
    )
    notifications.start()
    assert await heard.next() is None
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute(TERMINATE.encode())
    assert [await heard.next(), await heard.next()] == [LOST, None]
    await notifications.stop()


async def test_a_connection_that_hangs_is_lost(database_url: str) -> None:
    heard = Heard()
    notifications = Notifications(
        database_url, {"news": heard.payloads.put_nowait}, [lambda: heard.payloads.put_nowait(LOST)]
    )
    notifications.start()
    assert await heard.next() is None
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        row = await (await connection.execute(f"SELECT pid {OURS}".encode())).fetchone()
        assert row is not None
        os.kill(row[0], signal.SIGSTOP)
        try:
            assert [await heard.next(), await heard.next()] == [LOST, None]
            await connection.execute("SELECT pg_notify('news', 'a')")
            assert await heard.next() == "a"
        finally:
            os.kill(row[0], signal.SIGCONT)
    await notifications.stop()


async def test_a_payload_that_its_listener_cannot_take_says_that_all_may_have_changed(
    database_url: str,
) -> None:
    heard = Heard()

    def listen(payload: str | None) -> None:
        if payload == "bad":
            raise ValueError
        heard.payloads.put_nowait(payload)

    notifications = Notifications(database_url, {"news": listen}, [lambda: listen(LOST)])
    notifications.start()
    assert await heard.next() is None
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute("SELECT pg_notify('news', 'bad')")
        await connection.execute("SELECT pg_notify('news', 'a')")
    assert [await heard.next(), await heard.next()] == [None, "a"]
    await notifications.stop()
