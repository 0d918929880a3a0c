"""Connections that end where nobody asks anything: the server waits for a request for ever.

Whoever opens connections and says nothing, or a letter a minute, would sooner or later have all
that there are. So the head of a request must come in time, and one client has only so many.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from review.attempts import neighbourhood

if TYPE_CHECKING:
    from typing import Any

HEAD_SECONDS = 10.0
"""From the connection, or the first byte of a further request, to the end of its head."""
PER_CLIENT = 32
"""Connections of one client; browsers open six."""


def connections(head_seconds: float, per_client: int | None) -> type[H11Protocol]:
    """The kind of connection that a server is to speak.

    Args:
        head_seconds: how long the head of a request may take.
        per_client: how many one client may have; None where all come through one proxy.
    """

    class Connection(H11Protocol):
        _patience: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if per_client is not None and _from(self.client, self.connections) > per_client:
                transport.abort()
                return
            self._patience = self.loop.call_later(head_seconds, transport.abort)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            head_is_missing = self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]
            if not head_is_missing:
                self._be_patient()
            elif self._patience is None:
                # From its first byte on: more of them buy no more time.
                self._patience = self.loop.call_later(head_seconds, self.transport.abort)

        def connection_lost(self, exc: Exception | None) -> None:
            self._be_patient()
            super().connection_lost(exc)

        def _be_patient(self) -> None:
            if self._patience is not None:
                self._patience.cancel()
                self._patience = None

    return Connection


def _from(client: tuple[str, int] | None, others: set[Any]) -> int:
    """How many of the connections come from one client."""
    if client is None:
        return 0
    asked = neighbourhood(client[0])
    return sum(1 for one in others if one.client and neighbourhood(one.client[0]) == asked)
