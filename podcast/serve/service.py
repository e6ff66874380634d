"""The service: what is asked for is written down, made one after the other, published and remembered.

Nothing of the web is in here.  All methods belong to one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from podcast.errors import PodcastError
from podcast.serve.board import Board, Conflict
from podcast.serve.jobs import Job, job_id
from podcast.serve.limits import Limits
from podcast.serve.locks import WORKERS
from podcast.serve.makers import Makers
from podcast.serve.reader import Busy, Reader
from podcast.serve.runner import Worker
from podcast.serve.shelf import Library, Sheet, Shelf
from podcast.serve.studio import Outcome, Studio
from podcast.serve.watch import Listed, Listing, Watch

log = logging.getLogger("podcast.serve")


class Service:
    """Use it as `async with Service(...)`: it starts and stops its workers.

    `state`: folder of the queue.  `content`: folder of digests that are offered; with `watch` they are made unasked.
    `ended` is told of every job that came to an end, and what it took if it was done.
    """

    def __init__(
        self,
        state: Path,
        public: Path,
        studio: Studio,
        *,
        limits: Limits = Limits(),  # noqa: B008 -- frozen
        content: Path | None = None,
        watch: bool = False,
        ended: Callable[[Job, Outcome | None], None] = lambda *_: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.limits = limits
        self.board = Board(state, public, limits, ended=ended, clock=clock)
        self._clock = clock
        reading, *making = self._workers = [Worker(studio, state / WORKERS) for _ in range(1 + limits.concurrency)]
        self.makers = Makers(self.board, making, limits.job_seconds, clock)
        self._reader = Reader(reading, limits)
        self._library = Library(public)
        self._listing = Listing(Shelf(content) if content else None, self._library, self._reader, self.board.job)
        self._watch = Watch(self._listing, limits.retry_seconds, clock) if watch else None

    # --- its life

    async def __aenter__(self) -> Self:
        """Raises SetupError, and what the studio raises."""
        with contextlib.ExitStack() as opened:
            opened.enter_context(self.board.opened())
            opened.callback(self._kill_workers)
            await asyncio.gather(*(worker.start() for worker in self._workers))
            self._open = opened.pop_all()
        self.makers.start()
        self._housekeeping = asyncio.create_task(self._keep_house())
        return self

    async def __aexit__(self, *_: object) -> None:
        """What is being published is finished; what is being made is requeued, and its clips are kept."""
        self.close()
        self._housekeeping.cancel()
        await self.makers.finish()
        self._kill_workers()
        gone = (worker.gone() for worker in self._workers)
        await asyncio.gather(self._housekeeping, *gone, return_exceptions=True)
        self.board.requeue_all()
        self._open.close()

    def close(self) -> None:
        """Begin nothing new, and tell everyone who waits for news that there will be none."""
        self.board.close()

    def _kill_workers(self) -> None:
        for worker in self._workers:
            worker.kill()

    @property
    def ready(self) -> bool:
        return not self.board.closing and all(worker.running for worker in self._workers)

    async def _keep_house(self) -> None:
        while not self.board.closing:
            try:
                self.board.forget()
                for sheet in await self._watch.wanted() if self._watch else ():
                    with contextlib.suppress(PodcastError, Busy, Conflict):
                        await self.submit(sheet.text, sheet.name)
            except Exception:  # a folder that went away comes back
                log.exception("housekeeping")
            await asyncio.sleep(self.limits.poll_seconds)

    # --- wishes

    async def submit(self, text: bytes, name: str | None = None) -> Job:
        """A job for this digest: the one there is, or a new one, which is on disk when this returns.

        `name`: of its file; where it has none, one is made from its day and text.
        Raises DigestError (it is none, or too long), Busy, Conflict (another text of the same name and day waits).
        """
        if known := await self._known(job_id(text)):
            return known
        self._refuse_when_full()
        job = await self._proposed(text, name)
        if known := await self._known(job.id):  # asked for twice while it was read
            return known
        self._refuse_when_full()
        return self.board.add(replace(job, episode_id=self.board.free_id(job)), text)

    async def submit_listed(self, id: str) -> Job | None:  # noqa: A002 -- the field's name
        """`submit` for a digest of the content folder; None where there is no such one."""
        sheet = await self.listed(id)
        return await self.submit(sheet.text, sheet.name) if sheet else None

    async def preview(self, text: bytes, name: str | None = None) -> dict[str, Any]:
        """The script of a digest and how it is read.  Raises DigestError, Busy."""
        job = await self._proposed(text, name)
        return await self._reader.preview(text, job.name) | {"episode_id": self.board.free_id(job)}

    async def listing(self) -> list[Listed]:
        """The digests of the content folder that have no episode.  Raises Busy."""
        return await self._listing.now()

    async def listed(self, id: str) -> Sheet | None:  # noqa: A002 -- the field's name
        """A digest of the content folder; None where there is no such one (now)."""
        return await self._listing.sheet(id)

    async def _proposed(self, text: bytes, name: str | None) -> Job:
        """A job that has no episode's id yet.

        A digest without a name gets the same one for the same text, and another than others of that day.
        """
        id = job_id(text)  # noqa: A001 -- the field's name
        summary = await self._reader.read(text, name or "")
        name = name or f"{summary.published.date().isoformat()}-{id[:8]}.md"
        return Job(id, name, "", summary.title, summary.published, self._clock())

    async def _known(self, id: str) -> Job | None:  # noqa: A002 -- the field's name
        """The job that need not be made again: in work, or done with its episode still there."""
        job = self.board.job(id)
        if job is None or job.state in ("failed", "cancelled"):
            return None
        if job.state != "done":
            return job
        there = (await asyncio.to_thread(self._library.episodes)).get(job.episode_id)
        return job if there and there.content_hash == job.content_hash else None

    def _refuse_when_full(self) -> None:
        if self.board.closing or len(self.board.queued()) >= self.limits.queue:
            raise Busy(self.board.last_seconds)
