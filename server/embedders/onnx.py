"""Embeddings by a model on disk, as ONNX export in the layout of Hugging Face.

The folder holds `tokenizer.json`, `config.json` and `onnx/model.onnx`. A text's vector is the mean
of its tokens' vectors. The packages that run it are the extra `embeddings`.
"""

import asyncio
import importlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import file_digest, sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from server.embedders.batches import Batches
from server.embedders.embedder import Vector, unit_length
from server.embedders.errors import ModelFolderUnusable, TextUnreadable

INSTALL = "pip install 'switchyard[embeddings]'"
DIGEST_DIGITS = 16
QUANTIZES_AS_IT_GOES = b"DynamicQuantizeLinear"  # an operation of the model
# Models that count positions from behind the padding token's number.
OFFSET_POSITIONS = frozenset({"roberta", "xlm-roberta", "camembert", "mpnet"})


class OnnxEmbedder:
    """An Embedder. Each of `threads` works on one batch at a time; a model that quantizes as it
    goes gets one text at a time.

    Reading the folder takes about a second: make it in a thread. Raises ModelFolderUnusable.
    """

    def __init__(
        self,
        folder: Path,
        threads: int = 1,
        most_batch: int = 32,
        longest_wait_s: float = 0.005,
    ) -> None:
        runtime, tokenizers = _package("onnxruntime"), _package("tokenizers")
        weights = folder / "onnx" / "model.onnx"
        try:
            config = orjson.loads((folder / "config.json").read_bytes())
            self.name = f"{folder.name}@{_digest(weights, folder / 'tokenizer.json')}"
            quantizes_as_it_goes = QUANTIZES_AS_IT_GOES in weights.read_bytes()
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
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="embedding")
        self._batches = Batches(
            self._work,
            lambda _error: True,
            # Such a model takes its scales from the whole batch: a text's vector would depend on
            # who else asks, by as much as paraphrases differ. Nor is a batch any faster.
            most_batch=1 if quantizes_as_it_goes else most_batch,
            longest_wait_s=longest_wait_s,
            most_at_once=threads,
        )

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """A vector for each text; of a long text, of what the model reads of it.

        Raises TextUnreadable, EmbedderBusy.
        """
        return await self._batches.ask(texts)

    async def close(self) -> None:
        """Give up what waits, and let the threads end with what they are at."""
        await self._batches.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _work(self, texts: Sequence[str]) -> Sequence[Vector]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._compute, texts)

    def _compute(self, texts: Sequence[str]) -> Sequence[Vector]:
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
        return list(unit_length(np.einsum("bsd,bs->bd", hidden, mask.astype(np.float32))))


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
