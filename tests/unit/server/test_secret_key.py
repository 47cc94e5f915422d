"""A key is made once, closed to others, and whole."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from server.secret_key import UnusableKey, load_or_make_key


def test_the_key_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "digest.key"
    key = load_or_make_key(path)
    assert len(key) == 32
    assert load_or_make_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600


def test_those_who_make_it_at_once_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(load_or_make_key, [tmp_path / "digest.key"] * 32))
    assert len(keys) == 1


def test_a_key_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "digest.key"
    path.write_bytes(b"short")
    with pytest.raises(UnusableKey, match="5 bytes"):
        load_or_make_key(path)
