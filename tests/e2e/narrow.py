"""A way to a server on which less gets there than a client has to send: it is never done."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

CONNECT_S = 60.0


class _Way(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


@contextmanager
def narrow(address: str, most_bytes: int) -> Iterator[str]:
    """The address of such a way. All that the server says comes back, also that it is gone."""
    host, _, port = address.rpartition(":")

    class Connection(BaseRequestHandler):
        def handle(self) -> None:
            there = opened.enter_context(socket.create_connection((host, int(port)), CONNECT_S))
            opened.callback(_end, there)
            there.settimeout(None)
            Thread(target=_carry_on, args=(self.request, there, most_bytes), daemon=True).start()
            _carry_on(there, self.request)
            _end(self.request)

    with ExitStack() as opened, _Way(("127.0.0.1", 0), Connection) as way:
        Thread(target=way.serve_forever, daemon=True).start()
        opened.callback(way.shutdown)
        yield "{}:{}".format(*way.server_address[:2])


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _carry_on(one: socket.socket, other: socket.socket, most_bytes: int = 1 << 40) -> None:
    with suppress(OSError):
        while most_bytes and (data := one.recv(min(most_bytes, 65_536))):
            other.sendall(data)
            most_bytes -= len(data)
