"""What has happened to jobs, for those who wait for it."""

from __future__ import annotations

import asyncio

from podcast.serve.jobs import Job


class News:
    """A version for each job, which grows with every change, and how each of its stages ended.

    Versions begin with the time in milliseconds, so that they grow over a restart too.
    """

    def __init__(self, now_seconds: float) -> None:
        self._first = int(now_seconds * 1000)
        self._versions: dict[str, int] = {}
        self._stages: dict[str, list[tuple[int, Job]]] = {}
        self._changes: dict[str, asyncio.Event] = {}

    def version(self, job_id: str) -> int:
        return self._versions.get(job_id, self._first)

    def tell(self, job: Job) -> None:
        """Of a stage only the newest state is kept."""
        version = self._versions[job.id] = self.version(job.id) + 1
        stages = self._stages.setdefault(job.id, [])
        if stages and (stages[-1][1].state, stages[-1][1].stage) == (job.state, job.stage):
            stages.pop()
        stages.append((version, job))
        self._wake(job.id)

    def since(self, job: Job, version: int) -> list[tuple[int, Job]]:
        """Its stages after that version: those that ended, and how things are now."""
        stages = self._stages.get(job.id) or [(self.version(job.id), job)]
        return [stage for stage in stages if stage[0] > version]

    async def wait(self, job_id: str) -> None:
        """For the next change of a job, or for `wake_all`."""
        await self._changes.setdefault(job_id, asyncio.Event()).wait()

    def wake_all(self) -> None:
        for job_id in list(self._changes):
            self._wake(job_id)

    def forget(self, job_id: str) -> None:
        self._versions.pop(job_id, None)
        self._stages.pop(job_id, None)

    def _wake(self, job_id: str) -> None:
        if event := self._changes.pop(job_id, None):
            event.set()
