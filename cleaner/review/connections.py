"""Connections that cannot be held open: each must ask within some seconds, and gives way where there are too many."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

ASK_SECONDS = 5.0
"""From the first byte of a request to the end of its head."""
MOST = 128
"""Connections at once, half of the files that a Mac lets a program open. A browser opens six; of more than this,
the one that has said nothing for longest is ended."""


class Bounded(H11Protocol):
    """Uvicorn's own connection, with a clock."""

    _deadline: asyncio.TimerHandle | None = None
    _since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock, and make room."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._start()
        open_ = [other for other in self.connections if isinstance(other, Bounded) and not other.transport.is_closing()]
        idle = [other for other in open_ if other is not self and not other.is_answering]
        if len(open_) > MOST and idle:
            min(idle, key=lambda other: other._since).end()

    @property
    def is_answering(self) -> bool:
        """Whether a request was asked and not yet answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def data_received(self, data: bytes) -> None:
        """A request that begins starts the clock again."""
        if not self.is_answering and self._deadline is None:
            self._start()
        super().data_received(data)
        if self.is_answering:
            self._stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop()
        super().connection_lost(exc)

    def end(self) -> None:
        """End the connection without a word."""
        self.transport.abort()

    def _start(self) -> None:
        self._stop()
        self._deadline = self.loop.call_later(ASK_SECONDS, self._late)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        self._deadline = None
        if not self.is_answering and self.timeout_keep_alive_task is None:
            self.end()
