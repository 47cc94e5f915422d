"""The linear model as bytes: an npz archive of plain arrays, never a pickle.

Everything is checked before it is used, so a stored model that was cut short, changed or made by
another version raises ModelUnreadable and nothing else.
"""

import hashlib
import io
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from server.engines.embedded.calibration import SIGNALS, Calibration
from server.engines.embedded.features import BUCKETS
from server.engines.embedded.model import LinearModel
from server.triage.errors import ModelUnreadable

FORMAT = 1
UNPACKED_BYTES = 256 * 1024 * 1024
_DIGEST = "digest"

# Number of dimensions and type of every array.
_LAYOUT: Mapping[str, tuple[int, str]] = {
    "format": (0, "<i4"),
    "names": (1, "|u1"),  # UTF-8, one a line
    "buckets": (1, "<u4"),
    "weights": (2, "<f2"),
    "idf": (1, "<f4"),
    "intercepts": (1, "<f4"),
    "unseen_idf": (0, "<f8"),
    "sharpness": (0, "<f8"),
    "coefficients": (1, "<f8"),
    "ceiling": (0, "<f8"),
    "training_digest": (1, "|u1"),
}

Arrays = Mapping[str, npt.NDArray[np.generic]]


def save_model(model: LinearModel) -> bytes:
    """The model as an archive; the same bytes for the same model."""
    values: Mapping[str, object] = {
        "format": FORMAT,
        "names": np.frombuffer("\n".join(model.names).encode(), np.uint8),
        "buckets": model.buckets,
        "weights": model.weights,
        "idf": model.idf,
        "intercepts": model.intercepts,
        "unseen_idf": model.unseen_idf,
        "sharpness": model.calibration.sharpness,
        "coefficients": model.calibration.coefficients,
        "ceiling": model.calibration.ceiling,
        "training_digest": np.frombuffer(model.training_digest, np.uint8),
    }
    arrays: dict[str, Any] = {
        name: np.asarray(values[name], dtype, order="C") for name, (_, dtype) in _LAYOUT.items()
    }
    arrays[_DIGEST] = np.frombuffer(_digest(arrays), np.uint8)
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def load_model(data: bytes) -> LinearModel:
    """The model of an archive that `save_model` made. Raises ModelUnreadable on any other bytes."""
    arrays = _read_arrays(data)
    digest = _checked_digest(arrays)
    _check_layout(arrays)
    _check_shapes(arrays)
    _check_values(arrays)
    return _model(arrays, digest)


def _digest(arrays: Arrays) -> bytes:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.digest()


def _checked_digest(arrays: dict[str, npt.NDArray[np.generic]]) -> bytes:
    stored = arrays.pop(_DIGEST, np.empty(0)).tobytes()
    if stored != _digest(arrays):
        raise ModelUnreadable("the model's digest does not match its content")
    return stored


def _read_arrays(data: bytes) -> dict[str, npt.NDArray[np.generic]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_directory(archive)
            return {
                info.filename.removesuffix(".npy"): _read_array(archive.read(info))
                for info in archive.infolist()
            }
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as exc:
        raise ModelUnreadable("the model is not a complete npz archive") from exc
    except (NotImplementedError, RuntimeError) as exc:
        raise ModelUnreadable("the model is packed in a way that this server never uses") from exc


def _check_directory(archive: zipfile.ZipFile) -> None:
    """Before anything is unpacked: only what belongs in there, once each, of bearable size."""
    infos = archive.infolist()
    expected = sorted(f"{name}.npy" for name in (*_LAYOUT, _DIGEST))
    if sorted(info.filename for info in infos) != expected:
        raise ModelUnreadable("the model does not hold the arrays of this format")
    if sum(info.file_size for info in infos) > UNPACKED_BYTES:
        raise ModelUnreadable(f"the model unpacks to more than {UNPACKED_BYTES} bytes")


def _read_array(data: bytes) -> npt.NDArray[np.generic]:
    """The array of an npy file. Its header must agree with the bytes that are really there."""
    file = io.BytesIO(data)
    try:
        if np.lib.format.read_magic(file) != (1, 0):
            raise ModelUnreadable("the model holds an array of another npy version")
        shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(file)
    except (SyntaxError, TypeError, tokenize.TokenError) as exc:
        raise ModelUnreadable("the model holds an array with a broken header") from exc
    if dtype.hasobject or fortran_order:
        raise ModelUnreadable("the model holds something that is not a plain array")
    count = 1
    for length in shape:
        count *= length
    if min(shape, default=0) < 0 or count * dtype.itemsize != len(data) - file.tell():
        raise ModelUnreadable("the model holds an array of another size than it says")
    return np.frombuffer(data, dtype, count, file.tell()).reshape(shape)


def _check_layout(arrays: Arrays) -> None:
    for name, (dimensions, dtype) in _LAYOUT.items():
        array = arrays[name]
        if array.ndim != dimensions or array.dtype.str != dtype:
            raise ModelUnreadable(f"the model's array {name!r} has the wrong shape or type")
    if int(arrays["format"]) != FORMAT:
        raise ModelUnreadable(f"the model is of format {int(arrays['format'])}, not {FORMAT}")


def _check_shapes(arrays: Arrays) -> None:
    rows, categories = len(arrays["buckets"]), len(arrays["intercepts"])
    expected = {
        "weights": (rows, categories),
        "idf": (rows,),
        "intercepts": (categories,),
        "coefficients": (len(SIGNALS),),
        "training_digest": (hashlib.sha256().digest_size,),
    }
    for name, shape in expected.items():
        if arrays[name].shape != shape:
            raise ModelUnreadable(f"the model's array {name!r} does not fit the others")
    if categories < 2:
        raise ModelUnreadable("the model knows fewer than two categories")


def _check_values(arrays: Arrays) -> None:
    for name, (_, dtype) in _LAYOUT.items():
        if dtype.startswith("<f") and not np.isfinite(arrays[name]).all():
            raise ModelUnreadable(f"the model's array {name!r} holds what is not a number")
    buckets = arrays["buckets"].astype(np.int64)
    if len(buckets) and (buckets[-1] >= BUCKETS or (np.diff(buckets) <= 0).any()):
        raise ModelUnreadable("the model's buckets are out of order or out of range")
    if not 0 < float(arrays["ceiling"]) < 1 or not float(arrays["sharpness"]) > 0:
        raise ModelUnreadable("the model's calibration is out of range")


def _names(arrays: Arrays) -> tuple[str, ...]:
    try:
        names = tuple(arrays["names"].tobytes().decode().split("\n"))
    except UnicodeDecodeError as exc:
        raise ModelUnreadable("the model's category names are not text") from exc
    if len(set(names)) != len(arrays["intercepts"]):
        raise ModelUnreadable("the model's category names do not fit its weights")
    return names


def _model(arrays: Mapping[str, Any], digest: bytes) -> LinearModel:
    return LinearModel(
        names=_names(arrays),
        buckets=arrays["buckets"],
        weights=arrays["weights"],
        idf=arrays["idf"],
        intercepts=arrays["intercepts"],
        unseen_idf=float(arrays["unseen_idf"]),
        calibration=Calibration(
            sharpness=float(arrays["sharpness"]),
            coefficients=tuple(arrays["coefficients"].tolist()),
            ceiling=float(arrays["ceiling"]),
        ),
        training_digest=arrays["training_digest"].tobytes(),
        digest=digest,
    ).prepare()
