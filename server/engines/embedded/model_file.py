"""A model as bytes: an npz archive of plain arrays, never a pickle.

Everything is checked before it is used, so a stored model that was cut short, changed or made by
another version raises ModelUnreadable and nothing else.
"""

import hashlib
import io
import tokenize
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from server.engines.embedded.model import LinearModel
from server.engines.embedded.model_layout import Arrays, arrays_of, layout_of, model_of
from server.triage.errors import ModelUnreadable

UNPACKED_BYTES = 256 * 1024 * 1024
_DIGEST = "digest"


def save_model(model: LinearModel) -> bytes:
    """The model as an archive; the same bytes for the same model."""
    arrays: dict[str, Any] = arrays_of(model)
    arrays[_DIGEST] = np.frombuffer(_digest(arrays), np.uint8)
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def load_model(data: bytes) -> LinearModel:
    """The model of an archive that `save_model` made. Raises ModelUnreadable on any other bytes."""
    arrays = _read_arrays(data)
    digest = _checked_digest(arrays)
    return replace(model_of(arrays), digest=digest).prepare()


def starter_model() -> bytes:
    """The model of the starter taxonomy, trained when this release was made."""
    return Path(__file__).with_name("starter.npz").read_bytes()


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
    names = [info.filename.removesuffix(".npy") for info in infos]
    if len(set(names)) != len(names) or layout_of({*names} - {_DIGEST}) is None:
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
