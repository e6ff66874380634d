"""The makers: workers that take queued jobs off the board, one each at a time, and make episodes of them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from podcast.errors import PodcastError
from podcast.publish.episode import read_episode
from podcast.serve.board import Board, Conflict
from podcast.serve.jobs import Job
from podcast.serve.locks import PublicFolder
from podcast.serve.runner import Defect, Died, Worker
from podcast.serve.studio import Outcome

_CRASHES = 2  # workers that may die of a job before it is given up
COMMIT_SECONDS = 60.0  # that a stopping server gives an episode that is being published

log = logging.getLogger("podcast.serve")


@dataclass
class _Run:
    """A job that a worker is at."""

    worker: Worker
    may_publish: bool = False  # from then on it is too late to cancel
    cancelled: bool = False


class Makers:
    """`start` once the workers run; `finish` before they are killed for good.  `job_seconds`: the limit of one job."""

    def __init__(
        self, board: Board, workers: Sequence[Worker], job_seconds: float, clock: Callable[[], float] = time.time
    ) -> None:
        self.workers = workers
        self._board, self._job_seconds, self._clock = board, job_seconds, clock
        self._runs: dict[str, _Run] = {}  # by id of a running job
        self._public = PublicFolder(board.public)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._keep_making(worker)) for worker in self.workers]

    async def finish(self) -> None:
        """Finish what is being published, and drop the rest."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(COMMIT_SECONDS):
                for id in [id for id, run in self._runs.items() if run.may_publish]:  # noqa: A001 -- of a job
                    await self._board.stopped(id)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def cancel(self, id: str) -> None:  # noqa: A002 -- the field's name
        """End a job; when this returns nothing of it is left but the note that it was cancelled.

        Raises Conflict where it is over, or so far that its episode is being published.
        """
        job = self._board.job(id)
        if job is None or job.state == "cancelled":
            return
        if job.over:
            raise Conflict(f"the job is over: {job.state}")
        run = self._runs.get(id)
        if run is None:
            self._board.end(job, "cancelled")
            return
        if run.may_publish:
            raise Conflict("its episode is being published")
        run.cancelled = True
        run.worker.kill()
        await self._board.stopped(id)

    async def _keep_making(self, worker: Worker) -> None:
        while True:
            await self._board.something_queued()
            async with self._public.writing():
                job = next(iter(self._board.queued()), None)
                if self._board.closing:
                    return
                if job is not None:
                    await self._make(job, worker)
            if not worker.running and not self._board.closing:  # warm again before the next one comes
                with contextlib.suppress(PodcastError, Died, TimeoutError):
                    await worker.start()

    async def _make(self, job: Job, worker: Worker) -> None:
        job = self._board.put(replace(job, state="running", started=self._clock()))
        run = self._runs[job.id] = _Run(worker)
        log.info("begun", extra={"job": job.id, "episode": job.episode_id})
        outcome, error = None, None
        try:
            outcome = await self._made(self._with_free_id(job), run)
        except TimeoutError:
            limit = f"it took longer than {self._job_seconds:g} seconds"
            error = PodcastError(limit, hint="What was spoken is kept: ask again.")
        except Died:
            self._died(self._now(job), run)
            return
        except PodcastError as reason:
            error = reason
        except Exception:  # the next job is not to blame
            log.exception("job not made", extra={"job": job.id})
            error = Defect("unexpected error in the server", "")
        finally:
            del self._runs[job.id]
        self._board.end(self._now(job), "done" if outcome else "failed", error, outcome)

    async def _made(self, job: Job, run: _Run) -> Outcome:
        digest = await asyncio.to_thread(_laid_out, self._board.folder(job), job.name, self._board.text(job))
        if not run.worker.running:
            await run.worker.start()
        if run.cancelled:
            raise Died
        outcome: Outcome = await run.worker.ask(
            *("make", digest, job.episode_id, self._board.live_path(job), self._board.state / "publish.lock"),
            told=lambda what: self._hear(self._now(job), run, what),
            limit_seconds=self._job_seconds,
        )
        return outcome

    def _now(self, job: Job) -> Job:
        return self._board.job(job.id) or job

    def _with_free_id(self, job: Job) -> Job:
        """Another id where `podcast make` has given this one away since."""
        there = read_episode(self._board.public, job.episode_id)
        if there is None or (there.source, there.published.date()) == (job.name, job.published.date()):
            return job
        return self._board.put(replace(job, episode_id=self._board.free_id(job)))

    def _hear(self, job: Job, run: _Run, what: tuple[Any, ...]) -> None:
        match what:
            case ("publish",):
                if run.cancelled or self._board.closing:
                    return  # it waits for a word until it is killed
                run.may_publish = True
                job = replace(job, stage="publish")
                run.worker.say("go")
            case ("stage", stage):
                job = replace(job, stage=stage)
            case ("script", total):
                job = replace(job, total=total)
            case ("progress", done, total, made, left):
                job = replace(job, done=done, total=total, seconds_made=made, seconds_left=left)
            case ("grew", live_bytes):
                job = replace(job, live_bytes=live_bytes)
        self._board.tell(job)

    def _died(self, job: Job, run: _Run) -> None:
        if run.cancelled:
            self._board.end(job, "cancelled")
        elif job.crashes < _CRASHES:
            log.error("worker died", extra={"job": job.id})
            self._board.requeue(replace(job, crashes=job.crashes + 1))
        else:
            self._board.end(job, "failed", Defect(f"the worker died of it {job.crashes + 1} times", ""))


def _laid_out(folder: Path, name: str, text: bytes) -> Path:
    """The digest as a file of its name, alone in a job's folder."""
    shutil.rmtree(folder, ignore_errors=True)
    path = folder / "digest" / name  # a name may hold a folder: "2026-03-02/index.md"
    path.parent.mkdir(parents=True, mode=0o700)
    path.write_bytes(text)
    return path
