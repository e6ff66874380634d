"""The worker that reads digests and writes previews: a digest that keeps it busy costs its sender an error, and nobody
else anything.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from podcast.errors import DigestError
from podcast.serve.limits import Limits
from podcast.serve.runner import Died, Worker
from podcast.serve.studio import Summary

log = logging.getLogger("podcast.serve")


class Busy(Exception):
    """More is waiting than may wait.  `retry_seconds`: when it is worth to ask again."""

    def __init__(self, retry_seconds: float) -> None:
        super().__init__()
        self.retry_seconds = retry_seconds


class Reader:
    def __init__(self, worker: Worker, limits: Limits) -> None:
        self._worker, self._limits = worker, limits
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def read(self, text: bytes, name: str) -> Summary:
        """Raises DigestError (it is none, too long, or not read in time), Busy, and what the config may raise."""
        if len(text) > self._limits.digest_bytes:
            raise DigestError(f"it has {len(text)} bytes; {self._limits.digest_bytes} are allowed", hint="Split it.")
        summary: Summary = await self._ask("read", text, name)
        if summary.items > self._limits.items:
            raise DigestError(f"it has {summary.items} items; {self._limits.items} are allowed", hint="Split it.")
        return summary

    async def preview(self, text: bytes, name: str) -> dict[str, Any]:
        """Likewise."""
        preview: dict[str, Any] = await self._ask("preview", text, name)
        return preview

    async def _ask(self, what: str, text: bytes, name: str) -> Any:
        decoded = _decoded(text)
        if self._waiting >= self._limits.readers:
            raise Busy(self._limits.read_seconds)
        self._waiting += 1
        try:
            async with self._turn:
                if not self._worker.running:
                    await self._worker.start()
                return await self._worker.ask(what, decoded, name, limit_seconds=self._limits.read_seconds)
        except (TimeoutError, Died) as error:
            log.warning("not read", extra={"reason": type(error).__name__})
            raise DigestError(f"it could not be read within {self._limits.read_seconds:g} seconds") from None
        finally:
            self._waiting -= 1


def _decoded(text: bytes) -> str:
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise DigestError(f"it is not UTF-8: line {line}", hint="Save it as UTF-8.") from None
