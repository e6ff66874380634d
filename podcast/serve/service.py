"""The service: what is asked for is written down, made one after the other, published and remembered.

Nothing of the web is in here.  All methods belong to one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from podcast.errors import PodcastError, SetupError
from podcast.models import Digest
from podcast.publish import exclusive
from podcast.publish.episode import EPISODES, episode_id, read_episode, slug
from podcast.publish.leftovers import MAKING, sweep
from podcast.serve.jobs import Job, State, Store, job_id
from podcast.serve.limits import Limits
from podcast.serve.locks import WORKERS, PublicFolder, only_server
from podcast.serve.news import News
from podcast.serve.reader import Busy, Reader
from podcast.serve.runner import Defect, Died, Worker
from podcast.serve.shelf import Library, Sheet, Shelf
from podcast.serve.studio import Outcome, Studio, Summary
from podcast.serve.watch import Listed, Listing, Watch

LIVE = "live.mp3"
_CRASHES = 2  # workers that may die of a job before it is given up
_COMMIT_SECONDS = 60.0  # that a stopping server gives an episode that is being published

log = logging.getLogger("podcast.serve")


class Conflict(Exception):
    """It cannot be done in the state that things are in: `what` says why."""

    def __init__(self, what: str, job: Job) -> None:
        super().__init__(what)
        self.what, self.job = what, job


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
        self.public, self.limits = public, limits
        self.closing = False  # nothing new is begun, and who waits for news gets none
        self._state, self._clock, self._ended = state, clock, ended
        reading, *self._makers = (Worker(studio, state / WORKERS) for _ in range(1 + limits.concurrency))
        self._workers = (reading, *self._makers)
        self._reader = Reader(reading, limits)
        self._library = Library(public)
        self._listing = Listing(Shelf(content) if content else None, self._library, self._reader, self.job)
        self._watch = Watch(self._listing, limits.retry_seconds, clock) if watch else None
        self._moving: dict[str, Job] = {}  # queued and running jobs, with all that is not on disk, in order
        self._maker_of: dict[str, Worker] = {}  # of running jobs
        self._may_publish: set[str] = set()
        self._cancelled: set[str] = set()
        self._news = News(clock())
        self._folder_lock = PublicFolder(public)
        self._work_to_do = asyncio.Event()
        self._job_seconds = 60.0  # how long the last one took
        self._tasks: list[asyncio.Task[None]] = []

    # --- its life

    async def __aenter__(self) -> Self:
        """Raises SetupError, and what the studio raises."""
        with contextlib.ExitStack() as opened:
            opened.enter_context(only_server(self._state))
            self._store = Store(self._state / "jobs.sqlite3")
            opened.callback(self._store.close)
            self._recover()
            opened.callback(self._kill_workers)
            await asyncio.gather(*(worker.start() for worker in self._workers))
            self._open = opened.pop_all()
        self._tasks = [asyncio.create_task(self._keep_making(worker)) for worker in self._makers]
        self._tasks.append(asyncio.create_task(self._keep_house()))
        self._work_to_do.set()
        return self

    async def __aexit__(self, *_: object) -> None:
        """What is being published is finished; what is being made is requeued, and its clips are kept."""
        self.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_COMMIT_SECONDS):
                for id in list(self._may_publish):  # noqa: A001 -- of a job
                    await self._until_over(id)
        for task in self._tasks:
            task.cancel()
        self._kill_workers()
        await asyncio.gather(*self._tasks, *(worker.gone() for worker in self._workers), return_exceptions=True)
        for job in self._store.active():
            self._requeue(job)
        self._open.close()

    def close(self) -> None:
        """Begin nothing new, and tell everyone who waits for news that there will be none."""
        self.closing = True
        self._work_to_do.set()
        self._news.wake_all()

    def _recover(self) -> None:
        """Take up what a server before this one left: its queue, and nothing else."""
        with contextlib.suppress(SetupError), exclusive(self.public):  # a run of `make` sweeps for itself
            sweep(self.public, older_than_seconds=0.0)
        for job in self._store.active():
            self._requeue(job)
        for folder in (self._state / "jobs").glob("*"):
            shutil.rmtree(folder, ignore_errors=True)

    def _requeue(self, job: Job) -> None:
        """As the one that is next: it was accepted first.  Its worker is gone."""
        if job.state == "running":
            self._clean(job)
            job = replace(job, state="queued", started=None)
            self._store.put(job)
        self._moving[job.id] = job

    def _kill_workers(self) -> None:
        for worker in self._workers:
            worker.kill()

    @property
    def ready(self) -> bool:
        return not self.closing and all(worker.running for worker in self._workers)

    # --- questions

    def job(self, id: str) -> Job | None:  # noqa: A002 -- the field's name
        return self._moving.get(id) or self._store.get(id)

    def jobs(self, limit: int = 100) -> list[Job]:
        """The newest first."""
        return [self._moving.get(job.id, job) for job in self._store.newest(limit)]

    def making(self, episode: str) -> Job | None:
        """The queued or running job that will become this episode."""
        return next((job for job in self._moving.values() if job.episode_id == episode), None)

    def latest(self, episode: str) -> Job | None:
        """The newest job of an episode."""
        return self.making(episode) or self._store.of_episode(episode)

    def place(self, job: Job) -> int | None:
        """In the queue, 1 = the next one; None of a job that does not wait."""
        queued = [other.id for other in self._queued()]
        return queued.index(job.id) + 1 if job.id in queued else None

    def counts(self) -> dict[State, int]:
        return self._store.counts()

    def live_path(self, job: Job) -> Path:
        """Where the job's live audio grows.  It may not be there yet, or no more."""
        return self._folder(job) / LIVE

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

    async def listing(self) -> list[Listed]:
        """The digests of the content folder that have no episode.  Raises Busy."""
        return await self._listing.now()

    async def listed(self, id: str) -> Sheet | None:  # noqa: A002 -- the field's name
        """A digest of the content folder; None where there is no such one (now)."""
        return await self._listing.sheet(id)

    async def preview(self, text: bytes, name: str | None = None) -> dict[str, Any]:
        """The script of a digest and how it is read.  Raises DigestError, Busy."""
        summary = await self._reader.read(text, name or "")
        name = name or _name(summary, text)
        return await self._reader.preview(text, name) | {"episode_id": self._free_id(summary, name, text)}

    # --- wishes

    async def submit(self, text: bytes, name: str | None = None) -> Job:
        """A job for this digest: the one there is, or a new one, which is on disk when this returns.

        `name`: of its file; where it has none, one is made from its day and text.
        Raises DigestError (it is none, or too long), Busy, Conflict (another text of the same name and day waits).
        """
        id = job_id(text)  # noqa: A001 -- the field's name
        if known := await self._known(id):
            return known
        self._refuse_when_full()
        summary = await self._reader.read(text, name or "")
        if known := await self._known(id):  # asked for twice while it was read
            return known
        self._refuse_when_full()
        name = name or _name(summary, text)
        episode = self._free_id(summary, name, text)
        if other := self.making(episode):
            raise Conflict(f"another text of {name} is in work as {episode}", other)
        try:
            job = self._store.add(Job(id, name, episode, summary.title, summary.published, self._clock()), text)
        except sqlite3.IntegrityError:
            raise Conflict(f"{episode} is in work", self._store.active()[0]) from None
        log.info("accepted", extra={"job": job.id, "episode": job.episode_id})
        self._work_to_do.set()
        return self._set(job)

    async def submit_listed(self, id: str) -> Job | None:  # noqa: A002 -- the field's name
        """`submit` for a digest of the content folder; None where there is no such one."""
        sheet = await self.listed(id)
        return await self.submit(sheet.text, sheet.name) if sheet else None

    async def cancel(self, id: str) -> None:  # noqa: A002 -- the field's name
        """End a job; when this returns nothing of it is left but the note that it was cancelled.

        Raises Conflict where it is over, or so far that its episode is being published.
        """
        job = self.job(id)
        if job is None or job.state == "cancelled":
            return
        if job.over:
            raise Conflict(f"the job is over: {job.state}", job)
        if id in self._may_publish:
            raise Conflict("its episode is being published", job)
        if job.state == "queued":
            self._end(job, "cancelled")
            return
        self._cancelled.add(id)
        self._maker_of[id].kill()
        await self._until_over(id)

    async def _until_over(self, id: str) -> None:  # noqa: A002 -- the field's name
        while id in self._moving:
            await self._news.wait(id)

    async def _known(self, id: str) -> Job | None:  # noqa: A002 -- the field's name
        """The job that need not be made again: in work, or done with its episode still there."""
        job = self.job(id)
        if job is None or job.state in ("failed", "cancelled"):
            return None
        if job.state != "done":
            return job
        there = (await asyncio.to_thread(self._library.episodes)).get(job.episode_id)
        return job if there and there.content_hash == job.content_hash else None

    def _refuse_when_full(self) -> None:
        if self.closing or len(self._queued()) >= self.limits.queue:
            raise Busy(self._job_seconds)

    def _free_id(self, summary: Summary, name: str, text: bytes) -> str:
        """The folder of its episode: `episode_id`, beside the folders that jobs in work will take."""
        day = summary.published.date()

        def taken(id: str) -> bool:  # noqa: A002 -- the field's name
            other = self.making(id)
            return other is not None and (other.name, other.published.date()) != (name, day)

        found = episode_id(self.public, Digest(Path(name), summary.title, summary.published, (), (), ()))
        if not taken(found):
            return found
        found = f"{day}-{slug(Path(name).stem.removeprefix(str(day)), unique=name)}"
        return f"{found}-{job_id(text)[:8]}" if taken(found) or (self.public / EPISODES / found).exists() else found

    # --- making

    def _queued(self) -> list[Job]:
        return [job for job in self._moving.values() if job.state == "queued"]

    async def _keep_making(self, worker: Worker) -> None:
        while True:
            await self._work_to_do.wait()
            if self.closing or not self._queued():
                self._work_to_do.clear()
                continue
            async with self._folder_lock.writing():
                job = next(iter(self._queued()), None)
                if job is not None and not self.closing:
                    await self._make(job, worker)
            if not worker.running and not self.closing:  # warm again before the next one comes
                with contextlib.suppress(PodcastError, Died, TimeoutError):
                    await worker.start()

    async def _make(self, job: Job, worker: Worker) -> None:
        job = self._set(replace(job, state="running", started=self._clock()))
        self._maker_of[job.id] = worker
        self._store.put(job)
        log.info("begun", extra={"job": job.id, "episode": job.episode_id})
        outcome, error = None, None
        try:
            outcome = await self._made(self._with_free_id(job), worker)
        except TimeoutError:
            limit = f"it took longer than {self.limits.job_seconds:g} seconds"
            error = PodcastError(limit, hint="What was spoken is kept: ask again.")
        except Died:
            self._died(self._moving[job.id])
            return
        except PodcastError as reason:
            error = reason
        except Exception:  # the next job is not to blame
            log.exception("job not made", extra={"job": job.id})
            error = Defect("unexpected error in the server", "")
        finally:
            del self._maker_of[job.id]
        self._end(self._moving[job.id], "done" if outcome else "failed", error, outcome)

    async def _made(self, job: Job, worker: Worker) -> Outcome:
        folder = self._folder(job)
        digest = await asyncio.to_thread(_laid_out, folder, job.name, self._store.text(job.id))
        if not worker.running:
            await worker.start()
        if job.id in self._cancelled:
            raise Died
        outcome: Outcome = await worker.ask(
            *("make", digest, job.episode_id, folder / LIVE, self._state / "publish.lock"),
            told=lambda what: self._hear(job.id, worker, what),
            limit_seconds=self.limits.job_seconds,
        )
        return outcome

    def _with_free_id(self, job: Job) -> Job:
        """Another id where `podcast make` has given this one away since."""
        there = read_episode(self.public, job.episode_id)
        if there is None or (there.source, there.published.date()) == (job.name, job.published.date()):
            return job
        summary = Summary(job.title, job.published, 0, ())
        job = self._set(replace(job, episode_id=self._free_id(summary, job.name, self._store.text(job.id))))
        self._store.put(job)
        return job

    def _hear(self, id: str, worker: Worker, what: tuple[Any, ...]) -> None:  # noqa: A002 -- the field's name
        job = self._moving[id]
        match what:
            case ("publish",):
                if id in self._cancelled or self.closing:
                    return  # it waits for a word until it is killed
                self._may_publish.add(id)
                job = replace(job, stage="publish")
                worker.say("go")
            case ("stage", stage):
                job = replace(job, stage=stage)
            case ("script", total):
                job = replace(job, total=total)
            case ("progress", done, total, made, left):
                job = replace(job, done=done, total=total, seconds_made=made, seconds_left=left)
            case ("grew", live_bytes):
                job = replace(job, live_bytes=live_bytes)
        self._set(job)

    def _died(self, job: Job) -> None:
        if job.id in self._cancelled:
            self._end(job, "cancelled")
        elif job.crashes < _CRASHES:
            log.error("worker died", extra={"job": job.id})
            self._clean(job)
            kept = self._store.get(job.id) or job
            again = replace(kept, state="queued", started=None, crashes=job.crashes + 1)
            self._store.put(self._set(again))
            self._may_publish.discard(job.id)
        else:
            self._end(job, "failed", Defect(f"the worker died of it {job.crashes + 1} times", ""))

    def _end(self, job: Job, state: State, error: PodcastError | None = None, outcome: Outcome | None = None) -> None:
        """Write down what became of it, and leave nothing else behind."""
        job = replace(job, state=state, finished=self._clock(), stage="", seconds_left=None)
        if error:
            job = replace(job, problem=error.what, hint=error.hint or "", error=type(error).__name__)
            log.warning("reason", extra={"job": job.id, "reason": str(error), "trace": getattr(error, "trace", "")})
        if outcome:
            job = replace(job, content_hash=outcome.content_hash, duration_seconds=outcome.duration_seconds)
            self._job_seconds = max(1.0, (job.finished or 0) - (job.started or 0))
        else:
            self._clean(job)
        self._store.put(job)
        self._moving.pop(job.id, None)
        self._may_publish.discard(job.id)
        self._cancelled.discard(job.id)
        self._news.tell(job)
        self._work_to_do.set()
        log.info(state, extra={"job": job.id, "episode": job.episode_id})
        self._ended(job, outcome)

    def _clean(self, job: Job) -> None:
        """Remove what an unfinished job has written.  Its worker is gone, and the public folder is ours."""
        shutil.rmtree(self._folder(job), ignore_errors=True)
        making = self.public / MAKING
        for path in (making / f"{job.episode_id}.mp3", *making.glob(f".{job.episode_id}.*")):
            path.unlink(missing_ok=True)
        shutil.rmtree(self.public / EPISODES / f".{job.episode_id}.new", ignore_errors=True)
        with contextlib.suppress(OSError):  # not empty, or not there
            making.rmdir()

    def _set(self, job: Job) -> Job:
        self._moving[job.id] = job
        self._news.tell(job)
        return job

    def _folder(self, job: Job) -> Path:
        return self._state / "jobs" / job.id

    # --- housekeeping

    async def _keep_house(self) -> None:
        while not self.closing:
            try:
                self._forget()
                for sheet in await self._watch.wanted() if self._watch else ():
                    with contextlib.suppress(PodcastError, Busy, Conflict):
                        await self.submit(sheet.text, sheet.name)
            except Exception:  # a folder that went away comes back
                log.exception("housekeeping")
            await asyncio.sleep(self.limits.poll_seconds)

    def _forget(self) -> None:
        now = self._clock()
        for id in self._store.forget(now - self.limits.keep_seconds):  # noqa: A001 -- of a job
            self._news.forget(id)
        for folder in (self._state / "jobs").glob("*"):
            job = self.job(folder.name)
            if job is None or (job.finished and job.finished < now - self.limits.live_keep_seconds):
                shutil.rmtree(folder, ignore_errors=True)


def _laid_out(folder: Path, name: str, text: bytes) -> Path:
    """The digest as a file of its name, alone in a job's folder."""
    shutil.rmtree(folder, ignore_errors=True)
    path = folder / "digest" / name  # a name may hold a folder: "2026-03-02/index.md"
    path.parent.mkdir(parents=True, mode=0o700)
    path.write_bytes(text)
    return path


def _name(summary: Summary, text: bytes) -> str:
    """A file name for a digest that came without one: the same for the same text, another for another of that day."""
    return f"{summary.published.date().isoformat()}-{job_id(text)[:8]}.md"
