"""Signing keys are made once, closed to others, and rotated while old tokens still verify."""

import asyncio
from pathlib import Path

import pytest

from server.access.signing_keys import LONGEST_TOKEN_S, ROTATE_AFTER_S, SLACK_S, SigningKeys
from server.secret_key import UnusableKey
from tests.unit.access.clock import Clock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "token.keys"


def test_the_first_key_is_for_its_owner_alone(path: Path) -> None:
    asyncio.run(SigningKeys(path).newest())
    assert path.stat().st_mode & 0o777 == 0o600


async def test_the_first_key_is_made_once(path: Path) -> None:
    key = await SigningKeys(path).newest()
    assert (await SigningKeys(path).newest()).key_id == key.key_id


async def test_processes_that_start_at_once_sign_with_the_same_key(path: Path) -> None:
    made = await asyncio.gather(*[SigningKeys(path).newest() for _ in range(16)])
    assert len({key.key_id for key in made}) == 1


async def test_an_old_key_is_followed_by_a_new_one_and_verifies_until_its_tokens_are_over(
    path: Path,
) -> None:
    clock = Clock()
    keys = SigningKeys(path, clock)
    old = await keys.newest()
    clock.go(ROTATE_AFTER_S)
    new = await keys.newest()
    assert new.key_id != old.key_id
    assert await keys.find(old.key_id)
    assert await SigningKeys(path, clock).find(old.key_id)


async def test_a_key_is_gone_when_nothing_that_it_signed_can_still_hold(path: Path) -> None:
    clock = Clock()
    keys = SigningKeys(path, clock, rotate_after_s=LONGEST_TOKEN_S + SLACK_S)
    first = await keys.newest()
    clock.go(LONGEST_TOKEN_S + SLACK_S)
    second = await keys.newest()
    clock.go(LONGEST_TOKEN_S + SLACK_S)
    await keys.newest()
    assert await keys.find(first.key_id) is None
    assert await keys.find(second.key_id)


async def test_processes_that_rotate_at_once_agree_on_one_new_key(path: Path) -> None:
    clock = Clock()
    processes = [SigningKeys(path, clock) for _ in range(8)]
    old = await processes[0].newest()
    await asyncio.gather(*[process.newest() for process in processes])
    clock.go(ROTATE_AFTER_S)
    new = {(await process.newest()).key_id for process in processes}
    assert len(new) == 1
    assert old.key_id not in new


async def test_a_key_that_another_process_has_made_is_found(path: Path) -> None:
    clock = Clock()
    here, there = SigningKeys(path, clock), SigningKeys(path, clock)
    await here.newest()
    clock.go(ROTATE_AFTER_S)
    rotated = await there.newest()
    assert await here.find(rotated.key_id)
    assert await here.find("unknown") is None


async def test_keys_that_may_not_be_written_sign_on(path: Path) -> None:
    clock = Clock()
    old = await SigningKeys(path, clock).newest()
    clock.go(ROTATE_AFTER_S)
    block_writing(path)
    assert (await SigningKeys(path, clock).newest()).key_id == old.key_id


async def test_where_no_key_can_be_written_and_none_is_there_it_is_said(path: Path) -> None:
    block_writing(path)
    with pytest.raises(OSError, match=r"token\.keys"):
        await SigningKeys(path).newest()


def block_writing(path: Path) -> None:
    """Have a folder where the lock should be: also the superuser cannot write that."""
    lock = path.with_name(f"{path.name}.lock")
    lock.unlink(missing_ok=True)
    lock.mkdir(parents=True)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"keys": [{}]}', b'{"keys": 1}', b"\xff"])
def test_a_file_of_something_else_is_refused_and_kept(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(UnusableKey, match=r"token\.keys"):
        asyncio.run(SigningKeys(path).newest())
    assert path.read_bytes() == content


def test_a_deleted_key_is_gone_and_its_end_is_told(path: Path) -> None:
    told: list[str] = []
    keys = SigningKeys(path, changed=lambda: told.append("changed"))
    key = asyncio.run(keys.newest())
    path.unlink()
    assert asyncio.run(keys.find(key.key_id)) is None
    assert told == ["changed"]
    assert asyncio.run(keys.newest()).key_id != key.key_id


async def test_what_a_process_rotates_itself_is_no_news_to_it(path: Path) -> None:
    clock, told = Clock(), list[str]()
    keys = SigningKeys(path, clock, changed=lambda: told.append("changed"))
    await keys.newest()
    clock.go(ROTATE_AFTER_S)
    await keys.newest()
    assert told == []
