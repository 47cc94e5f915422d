"""The bodies of OpenAI's protocol."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from server.fake_llm.answer import Answer, Chat
from server.fake_llm.faults import HttpFault
from server.fake_llm.pieces import Piece

MODELS = ("rehearsal-large", "rehearsal-small", "rehearsal-embedding")
CREATED = 1_700_000_000  # the same always: answers are repeatable
PIECES_A_CHUNK = 4
DONE = b"data: [DONE]\n\n"


def completion(number: int, chat: Chat, answer: Answer) -> bytes:
    """A whole answer."""
    refusal = answer.text if answer.is_declined else None
    choice = {
        "index": 0,
        "message": {
            "role": "assistant",
            "content": None if answer.is_declined else answer.text,
            "refusal": refusal,
        },
        "logprobs": _logprobs(answer.pieces, chat.top_logprobs),
        "finish_reason": answer.finish,
    }
    return orjson.dumps(
        _head(number, "chat.completion", chat.model)
        | {"choices": [choice], "usage": _usage(chat, answer)}
    )


def chunks(number: int, chat: Chat, answer: Answer) -> Iterator[bytes]:
    """The events of a streamed answer, without the last, `DONE`."""
    head = _head(number, "chat.completion.chunk", chat.model)

    def event(delta: Mapping[str, Any], finish: str | None = None, logprobs: Any = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return _event(head | {"choices": [choice]})

    said = "refusal" if answer.is_declined else "content"
    yield event({"role": "assistant", "content": "", "refusal": None})
    for start in range(0, len(answer.pieces), PIECES_A_CHUNK):
        pieces = answer.pieces[start : start + PIECES_A_CHUNK]
        text = "".join(piece.text for piece in pieces)
        yield event({said: text}, logprobs=_logprobs(pieces, chat.top_logprobs))
    yield event({}, answer.finish)
    if chat.wants_usage:
        yield _event(head | {"choices": [], "usage": _usage(chat, answer)})


def models() -> bytes:
    """The list of models."""
    listed = [
        {"id": name, "object": "model", "created": CREATED, "owned_by": "switchyard"}
        for name in MODELS
    ]
    return orjson.dumps({"object": "list", "data": listed})


def embeddings(model: str, vectors: Sequence[Sequence[float] | str], tokens: int) -> bytes:
    """Embeddings in the order of the inputs; a text where they are base64."""
    data = [
        {"object": "embedding", "index": index, "embedding": vector}
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return orjson.dumps({"object": "list", "data": data, "model": model, "usage": usage})


def error(fault: HttpFault) -> bytes:
    """An error, as OpenAI tells it."""
    told = {"message": fault.message, "type": fault.kind, "param": None, "code": fault.code}
    return orjson.dumps({"error": told})


def _head(number: int, kind: str, model: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{number}",
        "object": kind,
        "created": CREATED,
        "model": model,
        "system_fingerprint": None,
    }


def _usage(chat: Chat, answer: Answer) -> Mapping[str, int]:
    output = len(answer.pieces)
    return {
        "prompt_tokens": chat.input_tokens,
        "completion_tokens": output,
        "total_tokens": chat.input_tokens + output,
    }


def _logprobs(pieces: Sequence[Piece], top: int | None) -> Mapping[str, Any] | None:
    if top is None:
        return None
    return {"content": [_token(piece, top) for piece in pieces], "refusal": None}


def _token(piece: Piece, top: int) -> Mapping[str, Any]:
    alternatives = (piece.alternatives or ((piece.text, piece.logprob),))[:top]
    return {
        "token": piece.text,
        "logprob": piece.logprob,
        "bytes": None,
        "top_logprobs": [
            {"token": text, "logprob": logprob, "bytes": None} for text, logprob in alternatives
        ],
    }


def _event(body: Mapping[str, Any]) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(body)
