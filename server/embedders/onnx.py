"""Embeddings by a model on disk; `server/sentence_model.py` says how its folder looks."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from server.embedders.batches import Batches
from server.embedders.embedder import Vector
from server.sentence_model import SentenceModel


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
        self._model = SentenceModel(folder)
        self.name = self._model.name
        self.dimensions = self._model.dimensions
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="embedding")
        self._batches = Batches(
            self._work,
            lambda _error: True,
            most_batch=1 if self._model.wants_single_texts else most_batch,
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
        return list(await loop.run_in_executor(self._pool, self._model.vectors, texts))
