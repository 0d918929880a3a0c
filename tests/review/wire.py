"""Requests as bytes: what no client library would send."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

WAITS = 20.0
"""Seconds after which a test gives up; nothing waits for so long unless it fails."""


@dataclasses.dataclass(frozen=True)
class Reply:
    """What came back, up to the end of the connection or of what was there."""

    data: bytes

    @property
    def status(self) -> int:
        return int(self.data.split(b" ", 2)[1]) if self.data else 0

    @property
    def head(self) -> str:
        return self.data.partition(b"\r\n\r\n")[0].decode("latin-1").lower()


@contextlib.contextmanager
def line_to(origin: str) -> Iterator[socket.socket]:
    """A connection to a desk."""
    parts = urlsplit(origin)
    assert parts.hostname and parts.port
    with socket.create_connection((parts.hostname, parts.port), timeout=WAITS) as line:
        yield line


def rest_of(line: socket.socket) -> Reply:
    """Everything until the other side closes; it fails where that never happens."""
    got = bytearray()
    with contextlib.suppress(ConnectionError):
        while piece := line.recv(65536):
            got += piece
    return Reply(bytes(got))


def answer_to(origin: str, *lines: str, body: bytes = b"") -> Reply:
    """The answer to one request, of which these are the lines."""
    with line_to(origin) as line:
        line.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + body)
        return rest_of(line)
