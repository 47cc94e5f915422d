"""Request ids that name a row of a batch: asking again gives the first answer, not a second run.

A request id is a UUID of version 8 (RFC 9562, section 5.8): 48 bits that name the batch, then 74
bits of a digest of the row's number, ticket and options. The same row of the same batch has the
same id whenever it is sent; another batch over the same input has other ids, so that it is answered
afresh, and so has a row that is asked for other parts: the server refuses an id that comes again
with another request.
"""

import hashlib
import re

from switchyard_client.messages.switchyard.triage.v1 import TriageOptions
from switchyard_client.tickets import Row
from switchyard_client.wire import encoded

BATCH_BYTES = 6
_SHAPE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def request_id_of(batch: bytes, row: Row, options: TriageOptions | None = None) -> str:
    """The request id of a row. `batch` is 6 bytes, random for each new batch."""
    ticket = row.ticket
    parts = (
        row.number,
        ticket.id,
        ticket.subject,
        ticket.body,
        ticket.customer_id,
        int(ticket.channel),
        ticket.language_hint,
        ticket.created_time,
        sorted(ticket.attributes.items()),
        *((encoded(options),) if options else ()),
    )
    digest = hashlib.blake2b(repr(parts).encode(), key=batch, digest_size=10).hexdigest()
    variant = "89ab"[int(digest[3], 16) & 3]
    head = batch.hex()
    return f"{head[:8]}-{head[8:]}-8{digest[:3]}-{variant}{digest[4:7]}-{digest[7:19]}"


def is_request_id(text: str) -> bool:
    """Whether `request_id_of` could have made it."""
    return _SHAPE.fullmatch(text) is not None


def batch_of(request_id: str) -> bytes:
    """The batch that a request id belongs to."""
    return bytes.fromhex(request_id[:8] + request_id[9:13])


def digest_of(request_id: str) -> int:
    """64 bits that tell rows of one batch apart; never 0."""
    return int(request_id[19:].replace("-", ""), 16)
