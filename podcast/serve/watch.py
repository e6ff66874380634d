"""The digests of the content folder that have no episode, and making them unasked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from podcast.errors import PodcastError
from podcast.serve.jobs import Job
from podcast.serve.reader import Busy, Reader
from podcast.serve.shelf import Library, Sheet, Shelf
from podcast.serve.studio import Summary


@dataclass(frozen=True, slots=True)
class Listed:
    """A digest of the content folder that has no episode."""

    sheet: Sheet
    summary: Summary | None  # None: it is no digest
    problem: str
    job: Job | None

    @property
    def state(self) -> str:
        if self.summary is None:
            return "unreadable"
        return "new" if self.job is None or self.job.state in ("done", "cancelled") else self.job.state


class Listing:
    """What is offered.  Each text is read once."""

    def __init__(self, shelf: Shelf | None, library: Library, reader: Reader, job: Callable[[str], Job | None]) -> None:
        self._shelf, self._library, self._reader, self._job = shelf, library, reader, job
        self._read: dict[str, Summary | str] = {}  # by id; a text says what is wrong

    async def sheet(self, id: str) -> Sheet | None:  # noqa: A002 -- the field's name
        return next((sheet for sheet in await self._sheets() if sheet.id == id), None)

    async def now(self) -> list[Listed]:
        """In order of name.  Raises Busy."""
        sheets = await self._sheets()
        episodes = {(each.source, each.day) for each in (await asyncio.to_thread(self._library.episodes)).values()}
        found = []
        for sheet in sheets:
            summary = await self._summary(sheet)
            if isinstance(summary, str):
                found.append(Listed(sheet, None, summary, None))
            elif (sheet.name, summary.published.date()) not in episodes:
                found.append(Listed(sheet, summary, "", self._job(sheet.id)))
        self._read = {sheet.id: self._read[sheet.id] for sheet in sheets if sheet.id in self._read}
        return found

    async def _sheets(self) -> list[Sheet]:
        return await asyncio.to_thread(self._shelf.sheets) if self._shelf else []

    async def _summary(self, sheet: Sheet) -> Summary | str:
        if sheet.id not in self._read:
            try:
                self._read[sheet.id] = await self._reader.read(sheet.text, sheet.name)
            except PodcastError as error:
                self._read[sheet.id] = error.what
        return self._read[sheet.id]


class Watch:
    """Names the digests that shall be made unasked."""

    def __init__(self, listing: Listing, retry_seconds: float, clock: Callable[[], float]) -> None:
        self._listing, self._retry_seconds, self._clock = listing, retry_seconds, clock
        self._before: set[tuple[str, int]] = set()

    async def wanted(self) -> list[Sheet]:
        """New ones that have not changed since the last look: others are still being written."""
        listed: list[Listed] = []
        with contextlib.suppress(Busy):
            listed = await self._listing.now()
        before, self._before = self._before, {(each.sheet.id, each.sheet.changed_ns) for each in listed}
        return [
            each.sheet
            for each in listed
            if (each.sheet.id, each.sheet.changed_ns) in before and each.summary and self._worth_a_try(each.job)
        ]

    def _worth_a_try(self, job: Job | None) -> bool:
        """Never tried, or no engine could speak, as one may by now."""
        if job is None or job.error != "EngineUnavailable":
            return job is None
        return (job.finished or 0) + self._retry_seconds < self._clock()
