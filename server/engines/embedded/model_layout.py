"""A model as named arrays, and what such arrays must be like to be a model again."""

import hashlib
from collections.abc import Collection, Mapping
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from server.engines.embedded.calibration import SIGNALS, VECTOR_SIGNALS, Calibration
from server.engines.embedded.features import FeatureSet
from server.engines.embedded.kernel import Kernel
from server.engines.embedded.model import LinearModel
from server.engines.embedded.priority import PriorityHead
from server.triage.assessment import Priority
from server.triage.errors import ModelUnreadable

FORMAT, APART_FORMAT = 2, 3
Arrays = Mapping[str, npt.NDArray[np.generic]]
Layout = Mapping[str, tuple[int, str]]  # number of dimensions and type of every array

_FIRST: Layout = {  # all that format 1 had
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
_SECOND: Layout = {
    **_FIRST,
    "paired": (0, "|u1"),  # number of the feature set
    "resolution_s": (1, "<f8"),
}
_KERNEL: Layout = {
    "embedding_model": (1, "|u1"),  # UTF-8
    "prototypes": (2, "<f2"),
    "votes": (2, "<f2"),
    "vote_biases": (1, "<f4"),
    "kernel_weight": (0, "<f8"),
    "kernel_sharpness": (0, "<f8"),
    "kernel_coefficients": (1, "<f8"),
    "kernel_ceiling": (0, "<f8"),
}
_PRIORITY: Layout = {
    "levels": (1, "|u1"),
    "level_words": (2, "<f2"),
    "rules": (1, "|u1"),  # UTF-8, one a line
    "level_rules": (2, "<f4"),
    "level_categories": (2, "<f4"),
    "level_biases": (1, "<f4"),
}
_LAYOUTS = [_FIRST] + [
    {**_SECOND, **kernel, **priority}
    for kernel, priority in product(({}, _KERNEL), ({}, _PRIORITY))
]


def layout_of(names: Collection[str]) -> Layout | None:
    """The layout that has arrays of these names; None: there is none."""
    return next((layout for layout in _LAYOUTS if layout.keys() == set(names)), None)


def arrays_of(model: LinearModel) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a model."""
    values: dict[str, object] = {
        "format": _format_of(model.features),
        "names": _text("\n".join(model.names)),
        "buckets": model.buckets,
        "weights": model.weights,
        "idf": model.idf,
        "intercepts": model.intercepts,
        "unseen_idf": model.unseen_idf,
        **_calibration_values(model.calibration, ""),
        "training_digest": np.frombuffer(model.training_digest, np.uint8),
        "paired": int(model.features),
        "resolution_s": model.resolution_s or (0.0,) * len(model.names),
    }
    values |= {} if model.kernel is None else _kernel_values(model.kernel)
    values |= {} if model.priority is None else _priority_values(model.priority)
    layout = layout_of(values) or {}
    return {name: np.asarray(values[name], dtype, order="C") for name, (_, dtype) in layout.items()}


def model_of(arrays: Mapping[str, Any]) -> LinearModel:
    """The model of arrays whose names a layout has. Raises ModelUnreadable."""
    _check_layout(arrays)
    names = _lines(arrays, "names")
    _check_shapes(arrays, len(names))
    _check_values(arrays, layout_of(arrays.keys()) or {})
    return LinearModel(
        names=names,
        buckets=arrays["buckets"],
        weights=arrays["weights"],
        idf=arrays["idf"],
        intercepts=arrays["intercepts"],
        unseen_idf=float(arrays["unseen_idf"]),
        calibration=_calibration(arrays, ""),
        training_digest=arrays["training_digest"].tobytes(),
        features=_features(arrays),
        kernel=_kernel(arrays) if "prototypes" in arrays else None,
        priority=_priority(arrays) if "levels" in arrays else None,
        resolution_s=tuple(arrays.get("resolution_s", np.zeros(len(names))).tolist()),
    )


def _text(text: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


def _calibration_values(calibration: Calibration, prefix: str) -> dict[str, object]:
    return {
        f"{prefix}sharpness": calibration.sharpness,
        f"{prefix}coefficients": calibration.coefficients,
        f"{prefix}ceiling": calibration.ceiling,
    }


def _kernel_values(kernel: Kernel) -> dict[str, object]:
    return {
        "embedding_model": _text(kernel.embedding_model),
        "prototypes": kernel.prototypes,
        "votes": kernel.votes,
        "vote_biases": kernel.biases,
        "kernel_weight": kernel.weight,
        **_calibration_values(kernel.calibration, "kernel_"),
    }


def _priority_values(head: PriorityHead) -> dict[str, object]:
    return {
        "levels": [int(level) for level in head.levels],
        "level_words": head.words,
        "rules": _text("\n".join(head.rules)),
        "level_rules": head.rule_weights,
        "level_categories": head.category_weights,
        "level_biases": head.biases,
    }


def _check_layout(arrays: Mapping[str, Any]) -> None:
    layout = layout_of(arrays.keys()) or {}
    for name, (dimensions, dtype) in layout.items():
        array = arrays[name]
        if array.ndim != dimensions or array.dtype.str != dtype:
            raise ModelUnreadable(f"the model's array {name!r} has the wrong shape or type")
    expected = 1 if layout is _FIRST else _format_of(_features(arrays))
    if int(arrays["format"]) != expected:
        raise ModelUnreadable("the model is of another format")


def _check_shapes(arrays: Mapping[str, Any], categories: int) -> None:
    if categories < 2:
        raise ModelUnreadable("the model knows fewer than two categories")
    rows = len(arrays["buckets"])
    expected: dict[str, tuple[int, ...]] = {
        "weights": (rows, categories),
        "idf": (rows,),
        "intercepts": (categories,),
        "coefficients": (len(SIGNALS),),
        "training_digest": (hashlib.sha256().digest_size,),
        "resolution_s": (categories,),
    }
    if "prototypes" in arrays:
        expected |= {
            "votes": (len(arrays["prototypes"]), categories),
            "vote_biases": (categories,),
            "kernel_coefficients": (len(VECTOR_SIGNALS),),
        }
    if "levels" in arrays:
        levels = len(arrays["levels"])
        expected |= {
            "level_words": (rows, levels),
            "level_rules": (len(_lines(arrays, "rules")), levels),
            "level_categories": (categories, levels),
            "level_biases": (levels,),
        }
    for name, shape in expected.items():
        if name in arrays and arrays[name].shape != shape:
            raise ModelUnreadable(f"the model's array {name!r} does not fit the others")


def _check_values(arrays: Mapping[str, Any], layout: Layout) -> None:
    for name, (_, dtype) in layout.items():
        if dtype.startswith("<f") and not np.isfinite(arrays[name]).all():
            raise ModelUnreadable(f"the model's array {name!r} holds what is not a number")
    buckets = arrays["buckets"].astype(np.int64)
    most = _features(arrays).buckets
    if len(buckets) and (buckets[-1] >= most or (np.diff(buckets) <= 0).any()):
        raise ModelUnreadable("the model's buckets are out of order or out of range")
    for prefix in ("", "kernel_") if "prototypes" in arrays else ("",):
        ceiling, sharpness = arrays[f"{prefix}ceiling"], arrays[f"{prefix}sharpness"]
        if not 0 < float(ceiling) < 1 or not float(sharpness) > 0:
            raise ModelUnreadable("the model's calibration is out of range")
    if "prototypes" in arrays and not len(arrays["prototypes"]):
        raise ModelUnreadable("the model reads vectors and has none to compare them with")
    if "levels" in arrays and not {*arrays["levels"].tolist()} <= {*map(int, Priority)}:
        raise ModelUnreadable("the model knows priorities that there are not")


def _format_of(features: FeatureSet) -> int:
    """Older servers must not take models of two machines for some of theirs."""
    return APART_FORMAT if features is FeatureSet.APART else FORMAT


def _features(arrays: Mapping[str, Any]) -> FeatureSet:
    number = int(arrays.get("paired", FeatureSet.PLAIN))
    try:
        return FeatureSet(number)
    except ValueError as exc:
        raise ModelUnreadable("the model reads features that there are not") from exc


def _lines(arrays: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The lines of an array of text, no two alike."""
    data = arrays[name].tobytes()
    try:
        lines = tuple(data.decode().split("\n")) if data else ()
    except UnicodeDecodeError as exc:
        raise ModelUnreadable(f"the model's {name} are not text") from exc
    if len(set(lines)) != len(lines):
        raise ModelUnreadable(f"of the model's {name} two are the same")
    return lines


def _calibration(arrays: Mapping[str, Any], prefix: str) -> Calibration:
    return Calibration(
        sharpness=float(arrays[f"{prefix}sharpness"]),
        coefficients=tuple(arrays[f"{prefix}coefficients"].tolist()),
        ceiling=float(arrays[f"{prefix}ceiling"]),
    )


def _kernel(arrays: Mapping[str, Any]) -> Kernel:
    return Kernel(
        embedding_model="".join(_lines(arrays, "embedding_model")),
        prototypes=arrays["prototypes"],
        votes=arrays["votes"],
        biases=arrays["vote_biases"],
        weight=float(arrays["kernel_weight"]),
        calibration=_calibration(arrays, "kernel_"),
    )


def _priority(arrays: Mapping[str, Any]) -> PriorityHead:
    return PriorityHead(
        levels=tuple(Priority(level) for level in arrays["levels"].tolist()),
        words=arrays["level_words"],
        rules=_lines(arrays, "rules"),
        rule_weights=arrays["level_rules"],
        category_weights=arrays["level_categories"],
        biases=arrays["level_biases"],
    )
