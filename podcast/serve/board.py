"""The board: every job, on disk and as it moves, and the news of it for those who wait.

What it tells of a job that moves is kept in memory; what became of a job is on disk before anything else hears of it.
All methods belong to one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from podcast.errors import PodcastError, SetupError
from podcast.models import Digest
from podcast.publish import exclusive
from podcast.publish.episode import EPISODES, episode_id, slug
from podcast.publish.leftovers import MAKING, sweep
from podcast.serve.jobs import Job, State, Store
from podcast.serve.limits import Limits
from podcast.serve.locks import only_server
from podcast.serve.news import News
from podcast.serve.studio import Outcome

log = logging.getLogger("podcast.serve")


class Conflict(Exception):
    """It cannot be done in the state that things are in: `what` says why."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Board:
    """Use it inside `opened`.  `state`: folder of the queue.

    `ended` is told of every job that came to an end, and what it took if it was done.
    """

    def __init__(
        self,
        state: Path,
        public: Path,
        limits: Limits,
        *,
        ended: Callable[[Job, Outcome | None], None],
        clock: Callable[[], float],
    ) -> None:
        self.state, self.public = state, public
        self.closing = False  # nothing new is begun, and who waits for news gets none
        self.last_seconds = 60.0  # how long the last job took; before there is one, a guess
        self._limits, self._ended, self._clock = limits, ended, clock
        self._moving: dict[str, Job] = {}  # queued and running jobs, with all that is not on disk, in order
        self._news = News(clock())
        self._something_queued = asyncio.Event()

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Take up what a server before this one left: its queue, and nothing else.

        Raises SetupError where another server works with the folder.
        """
        with only_server(self.state), contextlib.closing(Store(self.state / "jobs.sqlite3")) as self._store:
            with contextlib.suppress(SetupError), exclusive(self.public):  # a run of `make` sweeps for itself
                sweep(self.public, older_than_seconds=0.0)
            self.requeue_all()
            for folder in (self.state / "jobs").glob("*"):
                shutil.rmtree(folder, ignore_errors=True)
            yield

    def close(self) -> None:
        """Begin nothing new, and tell everyone who waits for news that there will be none."""
        self.closing = True
        self._news.wake_all()

    # --- questions

    def job(self, id: str) -> Job | None:  # noqa: A002 -- the field's name
        return self._moving.get(id) or self._store.get(id)

    def jobs(self, limit: int = 100) -> list[Job]:
        """The newest first."""
        return [self._moving.get(job.id, job) for job in self._store.newest(limit)]

    def queued(self) -> list[Job]:
        """The next one first."""
        return [job for job in self._moving.values() if job.state == "queued"]

    def making(self, episode: str) -> Job | None:
        """The queued or running job that will become this episode."""
        return next((job for job in self._moving.values() if job.episode_id == episode), None)

    def latest(self, episode: str) -> Job | None:
        """The newest job of an episode."""
        return self.making(episode) or self._store.of_episode(episode)

    def place(self, job: Job) -> int | None:
        """In the queue, 1 = the next one; None of a job that does not wait."""
        queued = [other.id for other in self.queued()]
        return queued.index(job.id) + 1 if job.id in queued else None

    def counts(self) -> dict[State, int]:
        return self._store.counts()

    def text(self, job: Job) -> bytes:
        """Its digest."""
        return self._store.text(job.id)

    def folder(self, job: Job) -> Path:
        """For what is needed while it is made.  It may not be there yet, or no more."""
        return self.state / "jobs" / job.id

    def live_path(self, job: Job) -> Path:
        """Where the job's live audio grows.  It may not be there yet, or no more."""
        return self.folder(job) / "live.mp3"

    def free_id(self, job: Job) -> str:
        """The folder of its episode: `episode_id`, beside the folders that other jobs in work will take."""
        day = job.published.date()

        def taken(id: str) -> bool:  # noqa: A002 -- the field's name
            other = self.making(id)
            return other is not None and (other.name, other.published.date()) != (job.name, day)

        found = episode_id(self.public, Digest(Path(job.name), job.title, job.published, (), (), ()))
        if not taken(found):
            return found
        found = f"{day}-{slug(Path(job.name).stem.removeprefix(str(day)), unique=job.name)}"
        return f"{found}-{job.id[:8]}" if taken(found) or (self.public / EPISODES / found).exists() else found

    # --- news

    def version(self, id: str) -> int:  # noqa: A002 -- the field's name
        """Grows with each change of a job, of how far it is, and of its live file."""
        return self._news.version(id)

    def history(self, id: str, since: int) -> list[tuple[int, Job]]:  # noqa: A002 -- the field's name
        """What happened to a job after that version: how each stage ended, and how things are now."""
        job = self.job(id)
        return self._news.since(job, since) if job else []

    async def changed(self, id: str, seen: int) -> int:  # noqa: A002 -- the field's name
        """Wait until the version is another than `seen`; return it.  At once where the service is closing."""
        while self.version(id) == seen and not self.closing:
            await self._news.wait(id)
        return self.version(id)

    async def stopped(self, id: str) -> None:  # noqa: A002 -- the field's name
        """Wait until a running job runs no more, also where the service is closing."""
        while id in self._moving and self._moving[id].state == "running":
            await self._news.wait(id)

    async def something_queued(self) -> None:
        """Wait until there is a job to be made."""
        while not self.queued():
            self._something_queued.clear()
            await self._something_queued.wait()

    # --- what happens to jobs

    def add(self, job: Job, text: bytes) -> Job:
        """A new job, or an old one that is asked for again, as the last in the queue.  It is on disk when this returns.

        Raises Conflict where another job will become its episode.
        """
        try:
            job = self._store.add(job, text)
        except sqlite3.IntegrityError:
            raise Conflict(f"another text of {job.name} is in work as {job.episode_id}") from None
        log.info("accepted", extra={"job": job.id, "episode": job.episode_id})
        self._something_queued.set()
        return self.tell(job)

    def put(self, job: Job) -> Job:
        """Write down a change."""
        self._store.put(job)
        return self.tell(job)

    def tell(self, job: Job) -> Job:
        """A change of what is not kept on disk."""
        self._moving[job.id] = job
        self._news.tell(job)
        return job

    def requeue(self, job: Job) -> None:
        """As the one that is next: it was accepted first.  Its worker is gone."""
        if job.state == "running":
            self._clean(job)
            kept = self._store.get(job.id) or job  # without how far it was
            job = replace(kept, state="queued", started=None, crashes=job.crashes)
            self._store.put(job)
        self._something_queued.set()
        self.tell(job)

    def requeue_all(self) -> None:
        for job in self._store.active():
            self.requeue(job)

    def end(self, job: Job, state: State, error: PodcastError | None = None, outcome: Outcome | None = None) -> None:
        """Write down what became of it, and leave nothing else behind."""
        job = replace(job, state=state, finished=self._clock(), stage="", seconds_left=None)
        if error:
            job = replace(job, problem=error.what, hint=error.hint or "", error=type(error).__name__)
            log.warning("reason", extra={"job": job.id, "reason": str(error), "trace": getattr(error, "trace", "")})
        if outcome:
            job = replace(job, content_hash=outcome.content_hash, duration_seconds=outcome.duration_seconds)
            self.last_seconds = max(1.0, (job.finished or 0) - (job.started or 0))
        else:
            self._clean(job)
        self._store.put(job)
        self._moving.pop(job.id, None)
        self._news.tell(job)
        log.info(state, extra={"job": job.id, "episode": job.episode_id})
        self._ended(job, outcome)

    def forget(self) -> None:
        """Jobs, and live files, that are over for long enough."""
        now = self._clock()
        for id in self._store.forget(now - self._limits.keep_seconds):  # noqa: A001 -- of a job
            self._news.forget(id)
        for folder in (self.state / "jobs").glob("*"):
            job = self.job(folder.name)
            if job is None or (job.finished and job.finished < now - self._limits.live_keep_seconds):
                shutil.rmtree(folder, ignore_errors=True)

    def _clean(self, job: Job) -> None:
        """Remove what an unfinished job has written.  Its worker is gone, and the public folder is ours."""
        shutil.rmtree(self.folder(job), ignore_errors=True)
        making = self.public / MAKING
        for path in (making / f"{job.episode_id}.mp3", *making.glob(f".{job.episode_id}.*")):
            path.unlink(missing_ok=True)
        shutil.rmtree(self.public / EPISODES / f".{job.episode_id}.new", ignore_errors=True)
        with contextlib.suppress(OSError):  # not empty, or not there
            making.rmdir()
