"""The command `fake-llm`."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from server.fake_llm.behaviour import Latency, Settings, UnusableOrder
from server.fake_llm.faults import FAULTS
from server.settings import Address, read_address

LISTED = "\n".join(f"  {name:22}{what}" for name, what in FAULTS.items())
HELP = f"""A language model to rehearse with: speaks OpenAI's protocol, and fails when told to.

It answers chat completions (whole, or streamed; with logprobs; in any JSON schema, made up from
the words of the last user message) and embeddings. The first line on standard output says where.

\b
Examples:
  switchyard-server fake-llm
  switchyard-server fake-llm --listen 127.0.0.1:8001 --latency-ms 400 --latency-sigma 0.5
  switchyard-server fake-llm --fault http_429=0.05 --fault reset=0.01

\b
While it runs, /control on the same port shows and changes everything, and counts:
  curl localhost:8001/control
  curl -X PUT localhost:8001/control -d '{{"next": ["http_503", "never_answers"]}}'
  curl -X PUT localhost:8001/control -d '{{"faults": {{"half_stream": 0.2}}}}'
  curl -X PUT localhost:8001/control -d '{{"latency": {{"median_ms": 50, "sigma": 0.3}}}}'
  curl -X PUT localhost:8001/control -d '{{"down_for_s": 60}}'
  curl -X DELETE localhost:8001/control        as at the start, counts from 0

\b
Faults:
{LISTED}
"""


def _read_listen(_context: click.Context, _parameter: click.Parameter, text: str) -> Address:
    try:
        return read_address(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _read_shares(
    _context: click.Context, _parameter: click.Parameter, texts: Sequence[str]
) -> dict[str, float]:
    shares = {}
    for text in texts:
        name, _, share = text.partition("=")
        try:
            shares[name] = float(share)
        except ValueError as error:
            raise click.BadParameter(f"{text}: must be NAME=SHARE, such as reset=0.01") from error
    return shares


@click.command(name="fake-llm", help=HELP)
@click.option(
    "--listen",
    metavar="HOST:PORT",
    default="127.0.0.1:8001",
    show_default=True,
    callback=_read_listen,
    help="Where to serve. Port 0 takes any free one.",
)
@click.option("--seed", default=0, show_default=True, help="Of latencies and faults.")
@click.option(
    "--latency-ms",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="Median time to an answer, or to its first event.",
)
@click.option(
    "--latency-sigma",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="Spread of that time, which is lognormal. 0: always the same.",
)
@click.option(
    "--fault",
    "faults",
    metavar="NAME=SHARE",
    multiple=True,
    callback=_read_shares,
    help="Share of requests that fail in this way, 0 to 1; may be given several times.",
)
@click.option("--key", default="", help="The bearer key to demand.  [default: none]")
@click.option("--tls-cert", type=click.Path(exists=True, path_type=Path), help="Certificate (PEM).")
@click.option("--tls-key", type=click.Path(exists=True, path_type=Path), help="Its key (PEM).")
def fake_llm(
    listen: Address,
    seed: int,
    latency_ms: float,
    latency_sigma: float,
    faults: dict[str, float],
    key: str,
    tls_cert: Path | None,
    tls_key: Path | None,
) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    try:
        settings = Settings(Latency(latency_ms, latency_sigma), faults)
    except UnusableOrder as error:
        raise click.UsageError(str(error)) from error
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key belong together; give both")
    import uvloop  # noqa: PLC0415  # slow; --help should not wait

    from server.fake_llm.service import Place, serve_until_stopped  # noqa: PLC0415  # likewise

    place = Place(listen, key, tls_cert, tls_key)
    sys.exit(uvloop.run(serve_until_stopped(place, settings, seed)))
