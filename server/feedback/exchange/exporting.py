"""Labels for elsewhere, without personal data."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from dataclasses import replace

from server.feedback.exchange.forms import ExportForm, Write, head_of, writer_of
from server.privacy.found import Finder
from server.privacy.redaction import redact
from server.triage.examples.label_store import LabelFilter, LabelStore, StoredLabel
from server.triage.hiding import UNSURE_CHARACTERS
from server.triage.ticket import ENGINE_BYTES

CHUNK_BYTES = 256 * 1024
PAGE = 50  # labels that are redacted in one go: a tenth of a second


class LabelExports:
    """Exports labels.

    categories_of  the names of a tenant's categories
    finders        of personal data, beside the rules
    """

    def __init__(
        self,
        labels: LabelStore,
        categories_of: Callable[[str], Awaitable[Collection[str]]],
        finders: Sequence[Finder] = (),
    ) -> None:
        self._labels = labels
        self._categories_of = categories_of
        self._finders = finders

    async def run(
        self, tenant: str, which: LabelFilter, form: ExportForm
    ) -> AsyncGenerator[tuple[bytes, int], None]:
        """Whole lines of at most 256 KiB together, each time with how many labels that is so far:
        the oldest first. One that changes meanwhile may come again as it is then.

        Raises StorageUnavailable.
        """
        write = writer_of(form, await self._categories_of(tenant))
        chunk, told = bytearray(head_of(form)), 0
        async for page in self._labels.pages(tenant, which, size=PAGE):
            for line in await asyncio.to_thread(self._lines, page, write):
                if len(chunk) + len(line) > CHUNK_BYTES:
                    yield bytes(chunk), told
                    chunk.clear()
                chunk += line
                told += 1
        if chunk:
            yield bytes(chunk), told

    def _lines(self, page: Sequence[StoredLabel], write: Write) -> list[bytes]:
        lines = (write(_hidden(stored, self._finders)) for stored in page)
        return [line for line in lines if line]


def _hidden(stored: StoredLabel, finders: Sequence[Finder]) -> StoredLabel:
    """The label with placeholders for personal data."""
    label = stored.label
    texts = [label.subject, label.body]
    ends = [len(label.subject), _sure_end(label.body)]
    subject, body = redact(texts, finders=finders, ends=ends).texts
    return replace(stored, label=replace(label, subject=subject, body=body))


def _sure_end(body: str) -> int:
    """How far it goes out: to its end, unless it was cut when it was kept."""
    is_cut = len(body.encode()) > ENGINE_BYTES - 4
    return len(body) - UNSURE_CHARACTERS if is_cut else len(body)
