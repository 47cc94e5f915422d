"""Uses are written in the end, if there are any."""

from collections.abc import Mapping

import pytest

from server.access.last_use import last_use


@pytest.mark.parametrize(("uses", "writings"), [({"a": 1.0}, [{"a": 1.0}]), ({}, [])])
async def test_what_is_left_is_written_at_the_end(
    uses: Mapping[str, float], writings: list[Mapping[str, float]]
) -> None:
    written: list[Mapping[str, float]] = []

    async def write(some: Mapping[str, float]) -> None:
        written.append(some)

    writer = last_use(lambda: uses, write)
    writer.start()
    await writer.stop()
    assert written == writings
