"""A sentence embedding model on disk, as ONNX export in the layout of Hugging Face.

The folder holds `tokenizer.json`, `config.json` and `onnx/model.onnx`. A text's vector is the mean
of its tokens' vectors. The packages that run it are the extra `embeddings`.
"""

import importlib
from collections.abc import Sequence
from hashlib import file_digest, sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

INSTALL = "pip install 'switchyard[embeddings]'"
DIGEST_DIGITS = 16
QUANTIZES_AS_IT_GOES = b"DynamicQuantizeLinear"  # an operation of the model
# Models that count positions from behind the padding token's number.
OFFSET_POSITIONS = frozenset({"roberta", "xlm-roberta", "camembert", "mpnet"})

Vectors = npt.NDArray[np.float32]  # [texts, dimensions], rows of length 1


class SentenceModelError(Exception):
    """Anything that a sentence model raises on purpose."""


class ModelFolderUnusable(SentenceModelError):
    """A folder that holds no embedding model, or software that cannot run one."""


class TextUnreadable(SentenceModelError):
    """A text that the model's tokenizer refuses. Its words are kept out of the error."""


class SentenceModel:
    """Makes vectors on the thread that asks. Reading the folder takes about a second.

    Raises ModelFolderUnusable.
    """

    def __init__(self, folder: Path) -> None:
        runtime, tokenizers = _package("onnxruntime"), _package("tokenizers")
        weights = folder / "onnx" / "model.onnx"
        try:
            config = orjson.loads((folder / "config.json").read_bytes())
            self.name = f"{folder.name}@{_digest(weights, folder / 'tokenizer.json')}"
            # Such a model takes its scales from the whole batch: a text's vector would depend on
            # who else asks, by as much as paraphrases differ. Nor is a batch any faster.
            self.wants_single_texts = QUANTIZES_AS_IT_GOES in weights.read_bytes()
            self.dimensions: int = config["hidden_size"]
            self._tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._tokenizer.enable_truncation(_most_tokens(folder, config))
            self._session = _session(runtime, weights)
        except Exception as error:  # the tokenizer's errors have no class of their own
            raise ModelFolderUnusable(f"{folder}: {error}") from error
        # Exports often ask for padding to one fixed length: every short text would cost a long one.
        self._tokenizer.no_padding()
        self._padding: int = config.get("pad_token_id") or 0
        self._inputs = {given.name for given in self._session.get_inputs()}

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """A row for each text; of a long text, of what the model reads of it.

        Raises TextUnreadable.
        """
        try:
            encoded = self._tokenizer.encode_batch_fast(list(texts))
        except TypeError:  # half a surrogate pair
            raise TextUnreadable("a text is not Unicode") from None
        tokens, mask = _padded([one.ids for one in encoded], self._padding)
        given = {
            "input_ids": tokens,
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(tokens),
        }
        (hidden,) = self._session.run(
            ["last_hidden_state"], {name: given[name] for name in self._inputs}
        )
        # Its length does not matter before the last step: a sum does for a mean.
        return unit_length(np.einsum("bsd,bs->bd", hidden, mask.astype(np.float32)))


def unit_length(vectors: Vectors) -> Vectors:
    """Rows [texts, dimensions] at length 1. A row of zeros or of no numbers comes out as NaN."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        unit: Vectors = vectors / lengths
    return unit


def _padded(
    texts: Sequence[Sequence[int]], padding: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Token numbers and where they are, both [texts, tokens of the longest]."""
    lengths = np.array([len(text) for text in texts])
    mask = np.arange(lengths.max()) < lengths[:, None]
    tokens = np.full(mask.shape, padding, dtype=np.int64)
    tokens[mask] = np.concatenate([np.asarray(text, dtype=np.int64) for text in texts])
    return tokens, mask.astype(np.int64)


def _session(runtime: ModuleType, weights: Path) -> Any:
    """One thread for a run: several texts at once gain more from cores than one text does."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return runtime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])


def _most_tokens(folder: Path, config: dict[str, Any]) -> int:
    """What the model reads of a text: what it was tuned for, else all positions that it has."""
    tuned = folder / "sentence_bert_config.json"
    if tuned.exists():
        return int(orjson.loads(tuned.read_bytes())["max_seq_length"])
    most = int(config["max_position_embeddings"])
    if config.get("model_type") in OFFSET_POSITIONS:
        most -= int(config["pad_token_id"]) + 1
    return most


def _digest(*files: Path) -> str:
    digests = sha256()
    for file in files:
        with file.open("rb") as content:
            digests.update(file_digest(content, "sha256").digest())
    return digests.hexdigest()[:DIGEST_DIGITS]


def _package(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ModelFolderUnusable(
            f"{name} is not installed, and an embedding model needs it: {INSTALL}"
        ) from error
