"""How long a connection may take: uvicorn waits for ever for a request's head and body, and for a client that does not
read its answer.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0  # from the first byte of a request, or from the connection, to the end of its head
BODY_SECONDS = 30.0  # for its body: 256 kB at 70 kbit/s
UNREAD_SECONDS = 300.0  # a player that is paused stops reading; longer than that it may ask again
HEAD_BYTES = 32 * 1024
_TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol with an end to its patience, for slow clients and for heads without end."""

    head_seconds, body_seconds, unread_seconds = HEAD_SECONDS, BODY_SECONDS, UNREAD_SECONDS

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._coming: asyncio.TimerHandle | None = None
        self._going: asyncio.TimerHandle | None = None
        self._in_head, self._head_bytes = True, 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._expect(self.head_seconds)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES:
            self._refuse(_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._expect(self.head_seconds)

    def on_headers_complete(self) -> None:
        self._in_head, self._head_bytes = False, 0
        self._expect(self.body_seconds)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = True  # what comes now is of the next one
        self._expect(None)
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._going = self.loop.call_later(self.unread_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._going:
            self._going.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect(None)
        if self._going:
            self._going.cancel()
        super().connection_lost(exc)

    def _expect(self, seconds: float | None) -> None:
        if self._coming:
            self._coming.cancel()
        self._coming = self.loop.call_later(seconds, self._refuse, _TIMEOUT) if seconds else None

    def _refuse(self, answer: bytes) -> None:
        if self.transport.is_closing():
            return
        self.logger.warning("Refused: %s", answer[9:12].decode())
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(answer)
        self.transport.close()
