"""A job's events, as server-sent ones (HTML, 9.2).

An event's id is the job's version: it grows, also over a restart of the server.  Each event tells the whole job, so
that of a stage's progress only the newest is worth telling; a reader who comes back with Last-Event-ID is told of every
stage since.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable

from podcast.serve.board import Board
from podcast.serve.jobs import Job

MEDIA_TYPE = "text/event-stream"
BEAT_SECONDS = 15.0  # proxies give up a silent connection after 30 to 60
_RETRY_MS = 2000
_AT_MOST_EVERY_SECONDS = 0.1  # progress is for people


async def events(board: Board, job_id: str, last: int, told: Callable[[Job], object]) -> AsyncIterator[str]:
    """Text of the stream from after event `last` until the job is over.  `told(job)` is the JSON value of an event."""
    yield f"retry: {_RETRY_MS}\n\n"
    before = ""
    while True:
        seen = board.version(job_id)
        for version, job in board.history(job_id, last):
            data = json.dumps(told(job), ensure_ascii=False)
            if data != before:  # the live file grows more often than anything else happens
                yield f"id: {version}\nevent: {_name(job)}\ndata: {data}\n\n"
            last, before = version, data
        job_now = board.job(job_id)
        if job_now is None or job_now.over or board.closing:
            return
        try:
            async with asyncio.timeout(BEAT_SECONDS):
                await board.changed(job_id, seen)
        except TimeoutError:
            yield ": still here\n\n"
        else:
            await asyncio.sleep(_AT_MOST_EVERY_SECONDS)


def _name(job: Job) -> str:
    return (job.stage or "script") if job.state == "running" else job.state
