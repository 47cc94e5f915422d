"""A model that a few lines can write: the vector of a token is a row of a table.

As an ONNX file, which is a protobuf message: the fields are numbered as in onnx.proto.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import orjson
import tokenizers
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit

WORDS = ("[PAD]", "[UNK]", "red", "green", "blue", "huge")
MOST_TOKENS = 8
# [words, dimensions]. The padding's row is far from nothing: who counts it in is found out.
TABLE = np.array(
    [[9, 9, 9], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1000, 900, 800]], np.float32
)
INT64, FLOAT = 7, 1  # of TensorProto.DataType


def write_model(folder: Path, *, quantizes: bool = False) -> Path:
    """The folder with a model; `quantizes`: to 8 bits, by scales taken from the whole batch."""
    (folder / "onnx").mkdir(parents=True)
    (folder / "onnx" / "model.onnx").write_bytes(_model(quantizes))
    words = {word: number for number, word in enumerate(WORDS)}
    tokenizer = tokenizers.Tokenizer(WordLevel(words, unk_token="[UNK]"))  # noqa: S106  # no password
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.enable_padding(length=MOST_TOKENS)  # as exports do
    tokenizer.enable_truncation(MOST_TOKENS // 2)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "hidden_size": TABLE.shape[1],
        "max_position_embeddings": MOST_TOKENS,
        "pad_token_id": 0,
        "model_type": "bert",
    }
    (folder / "config.json").write_bytes(orjson.dumps(config))
    return folder


def expected(text: str) -> list[float]:
    """The vector of a text, by hand."""
    rows = [TABLE[WORDS.index(word)] for word in text.split()[:MOST_TOKENS]]
    mean = np.mean(rows, axis=0)
    return [float(number) for number in mean / np.linalg.norm(mean)]


def _model(quantizes: bool) -> bytes:
    looked_up = "looked_up" if quantizes else "last_hidden_state"
    nodes = [_node("Gather", ["table", "input_ids"], [looked_up])]
    if quantizes:
        nodes.append(_node("DynamicQuantizeLinear", [looked_up], ["small", "scale", "zero"]))
        nodes.append(_node("DequantizeLinear", ["small", "scale", "zero"], ["last_hidden_state"]))
    graph = b"".join(
        (
            *(_bytes(1, node) for node in nodes),
            _bytes(2, b"tiny"),
            _bytes(5, _table()),
            *(_bytes(11, _value(name, INT64, 2)) for name in ("input_ids", "attention_mask")),
            _bytes(12, _value("last_hidden_state", FLOAT, 3)),
        )
    )
    return _number(1, 8) + _bytes(8, _bytes(1, b"") + _number(2, 13)) + _bytes(7, graph)


def _node(operation: str, inputs: Sequence[str], outputs: Sequence[str]) -> bytes:
    named = [_bytes(1, name.encode()) for name in inputs]
    named += [_bytes(2, name.encode()) for name in outputs]
    return b"".join(named) + _bytes(4, operation.encode())


def _table() -> bytes:
    shape = b"".join(_number(1, size) for size in TABLE.shape)
    return shape + _number(2, FLOAT) + _bytes(8, b"table") + _bytes(9, TABLE.tobytes())


def _value(name: str, kind: int, dimensions: int) -> bytes:
    shape = b"".join(_bytes(1, _bytes(2, f"{name}_{n}".encode())) for n in range(dimensions))
    tensor = _number(1, kind) + _bytes(2, shape)
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, tensor))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    digits = bytearray()
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    digits.append(value)
    return bytes(digits)
