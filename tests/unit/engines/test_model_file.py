"""Stored models: what comes back, and what is refused."""

import hashlib
import io
import zipfile
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from server.engines.embedded.features import FeatureSet, bucket_ids
from server.engines.embedded.kernel import Kernel
from server.engines.embedded.model import LinearModel
from server.engines.embedded.model_file import UNPACKED_BYTES, load_model, save_model
from server.engines.embedded.priority import PriorityHead
from server.engines.embedded.training import train_model
from server.triage.assessment import Priority
from server.triage.errors import ModelUnreadable
from server.triage.taxonomy import Category


@pytest.fixture(scope="session")
def model(two_categories: tuple[Category, ...]) -> LinearModel:
    return train_model(two_categories)


@pytest.fixture(scope="session")
def stored(model: LinearModel) -> bytes:
    return save_model(model)


def rewritten(stored: bytes, **changes: Any) -> bytes:
    """The archive with some arrays replaced (or left out, by None), the digest as it was."""
    with np.load(io.BytesIO(stored)) as arrays:
        content = {name: arrays[name] for name in arrays.files} | changes
    file = io.BytesIO()
    np.savez_compressed(file, **{k: v for k, v in content.items() if v is not None})
    return file.getvalue()


def test_a_loaded_model_answers_as_the_saved_one(model: LinearModel, stored: bytes) -> None:
    text = "the invoice of my parcel"
    assert load_model(stored).predict(text) == model.predict(text)


def test_the_same_model_is_the_same_bytes(model: LinearModel, stored: bytes) -> None:
    assert save_model(model) == stored


def test_saving_a_loaded_model_changes_nothing(stored: bytes) -> None:
    assert save_model(load_model(stored)) == stored


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_model_that_was_cut_short_is_refused(stored: bytes, share: float) -> None:
    with pytest.raises(ModelUnreadable):
        load_model(stored[: int(len(stored) * share)])


def test_no_flipped_byte_goes_unnoticed_into_the_weights(stored: bytes) -> None:
    expected = load_model(stored)
    for at in range(0, len(stored), 97):
        changed = bytearray(stored)
        changed[at] ^= 0x10
        try:
            found = load_model(bytes(changed))
        except ModelUnreadable:
            continue
        assert (found.weights == expected.weights).all()  # a byte of the archive's own fields


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": np.zeros((3, 2), np.float16)},
        {"weights": np.zeros((3, 2), np.float64)},
        {"intercepts": np.array([0.5, -0.5], np.float32)},
        {"format": np.int32(1)},
        {"format": np.int32(3)},
        {"digest": np.zeros(32, np.uint8)},
        {"digest": None},
        {"idf": None},
        {"more": np.zeros(3)},
    ],
)
def test_an_array_that_was_changed_is_refused(stored: bytes, changes: dict[str, Any]) -> None:
    with pytest.raises(ModelUnreadable):
        load_model(rewritten(stored, **changes))


def tuned(model: LinearModel) -> LinearModel:
    """The model with a kernel of two prototypes, a priority head and times to resolution."""
    rows, calibration = len(model.buckets), model.calibration
    coefficients = (*calibration.coefficients, 1.0, 0.5)
    kernel = Kernel(
        embedding_model="tiny@1",
        prototypes=np.eye(2, 3, dtype=np.float16),
        votes=np.eye(2, dtype=np.float16),
        biases=np.zeros(2, np.float32),
        weight=2.0,
        calibration=replace(calibration, coefficients=coefficients),
    )
    priority = PriorityHead(
        levels=(Priority.LOW, Priority.HIGH),
        words=np.zeros((rows, 2), np.float16),
        rules=("SECURITY",),
        rule_weights=np.array([[0, 3]], np.float32),
        category_weights=np.zeros((2, 2), np.float32),
        biases=np.array([1, 0], np.float32),
    )
    return replace(model, kernel=kernel, priority=priority, resolution_s=(60.0, 0.0))


def test_all_parts_of_a_model_come_back(model: LinearModel) -> None:
    whole = tuned(model)
    found = load_model(save_model(whole))
    assert found.kernel is not None
    assert found.priority is not None
    vector = np.array([1, 0, 0], np.float32)
    assert found.predict("invoice", vector) == whole.predict("invoice", vector)
    assert found.priority.decide([0, 0], 0, {"SECURITY"}).label is Priority.HIGH
    assert found.priority.decide([0, 0], 0, set()).label is Priority.LOW
    assert found.resolution_s == (60.0, 0.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"votes": np.zeros((3, 2), np.float16)},
        {"prototypes": None},
        {"prototypes": np.zeros((0, 3), np.float16), "votes": np.zeros((0, 2), np.float16)},
        {"levels": np.array([1, 9], np.uint8)},
        {"level_words": np.zeros((1, 2), np.float16)},
        {"rules": np.frombuffer(b"\xff", np.uint8)},
        {"resolution_s": np.array([np.nan, 0.0])},
        {"kernel_ceiling": np.float64(1.0)},
        {"paired": np.uint8(3)},
    ],
)
def test_parts_that_do_not_fit_are_refused(model: LinearModel, changes: dict[str, Any]) -> None:
    with pytest.raises(ModelUnreadable):
        load_model(signed(rewritten(save_model(tuned(model)), **changes)))


def test_a_model_of_the_first_format_still_loads(model: LinearModel, stored: bytes) -> None:
    first = rewritten(stored, format=np.int32(1), paired=None, resolution_s=None)
    assert load_model(signed(first)).predict("invoice") == model.predict("invoice")


def test_a_model_of_near_words_and_one_machine_still_answers(model: LinearModel) -> None:
    buckets = bucket_ids("my invoice and the parcel", FeatureSet.NEAR)
    weights = np.zeros((len(buckets), 2), np.float16)
    weights[np.isin(buckets, bucket_ids("invoice", FeatureSet.NEAR)), 0] = 1
    weights[np.isin(buckets, bucket_ids("parcel", FeatureSet.NEAR)), 1] = 1
    idf = np.ones(len(buckets), np.float32)
    near = replace(model, features=FeatureSet.NEAR, buckets=buckets, weights=weights, idf=idf)
    found = load_model(save_model(near))
    assert found.features is FeatureSet.NEAR
    assert [found.predict(word).label for word in ("invoice", "parcel")] == list(model.names)


def test_a_model_of_two_machines_is_not_taken_for_an_older_one(model: LinearModel) -> None:
    apart = save_model(replace(model, features=FeatureSet.APART))
    assert load_model(apart).features is FeatureSet.APART
    with pytest.raises(ModelUnreadable):
        load_model(signed(rewritten(apart, format=np.int32(2))))


def signed(stored: bytes) -> bytes:
    """The archive with the digest of what it holds, as whoever tampers with it would do."""
    with np.load(io.BytesIO(stored)) as arrays:
        content = {name: arrays[name] for name in sorted(arrays.files) if name != "digest"}
    digest = hashlib.sha256()
    for name, array in content.items():
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode() + array.tobytes())
    return rewritten(stored, digest=np.frombuffer(digest.digest(), np.uint8))


class Explosive:
    """Says so when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return pytest.fail, ("unpickled",)


def test_a_pickle_is_refused_and_never_run(stored: bytes) -> None:
    with pytest.raises(ModelUnreadable):
        load_model(rewritten(stored, idf=np.array([Explosive()], dtype=object)))


def test_an_archive_that_unpacks_too_large_is_refused_unread(stored: bytes) -> None:
    bomb = rewritten(stored, weights=np.zeros(UNPACKED_BYTES // 2 + 1, np.float16))
    assert len(bomb) < 1_000_000
    with pytest.raises(ModelUnreadable, match="unpacks to more than"):
        load_model(bomb)


def test_a_header_that_promises_more_than_is_there_is_refused(stored: bytes) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(stored)) as old, zipfile.ZipFile(file, "w") as new:
        for info in old.infolist():
            content = old.read(info)
            if info.filename == "idf.npy":
                content = content.replace(b"'shape': (", b"'shape': (9999999999999, ", 1)
            new.writestr(info.filename, content)
    with pytest.raises(ModelUnreadable):
        load_model(file.getvalue())


@pytest.mark.parametrize("data", [b"", b"PK", b"\x80\x05.", b"not a model" * 100])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ModelUnreadable):
        load_model(data)
