"""Asks an OpenAI-compatible endpoint whether it is there and takes the key."""

import ssl
from pathlib import Path

import aiohttp

ANSWER_S = 2.0
REFUSED_KEY = (401, 403)


async def endpoint_fault(base_url: str, key: str, ca_file: Path | None = None) -> str:
    """What keeps it from answering, in a few words without the key; empty: it answers.

    An endpoint that does not list its models answers all the same.
    """
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=ca_file)),
                timeout=aiohttp.ClientTimeout(ANSWER_S),
            ) as session,
            session.get(f"{base_url}/models", headers=headers, allow_redirects=False) as answer,
        ):
            return _fault_of(answer.status)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return f"does not answer ({type(error).__name__})"


def _fault_of(status: int) -> str:
    if status in REFUSED_KEY:
        return f"refuses the key (status {status})"
    return f"is ill (status {status})" if status >= 500 else ""
