"""Live audio: what listeners are given of an episode while a worker makes it (livefile.py).

The worker appends whole MP3 frames to a file; every listener reads that file from its start, as fast as the network
takes it.  Nobody is paced and nothing is shared but the file, so a listener costs one chunk of memory.

A player asks for a range and is given the whole: how long it will be is not known, and a range without that has no
form in HTTP.  Safari tries `bytes=0-1` first and asks again without where the answer is 200, as it does with radio.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi import Path as InPath
from fastapi.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from podcast.models import Cue
from podcast.publish.episode import EPISODES, read_episode
from podcast.serve.board import Board
from podcast.serve.jobs import Job
from podcast.serve.livefile import cues_path
from podcast.serve.problems import MEDIA_TYPE, Refused, not_found
from podcast.serve.requests import board_of

CHUNK_BYTES = 64 * 1024  # 5 s of 96 kbit/s; the server holds at most as much again for each listener
_SAME_SECONDS = 0.002  # episode.json has milliseconds
_HEADERS = {
    "Content-Type": "audio/mpeg",
    "Cache-Control": "no-store",
    "Accept-Ranges": "none",
    "X-Accel-Buffering": "no",  # nginx would keep it back
}
_PROBLEM = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}

log = logging.getLogger("podcast.serve")
router = APIRouter(tags=["live"])
EpisodeId = Annotated[str, InPath(pattern=r"^\d{4}-\d\d-\d\d(-[a-z0-9-]{1,60})?$", examples=["2026-03-02"])]


@router.head("/api/episodes/{id}/live.mp3", include_in_schema=False)
@router.get(
    "/api/episodes/{id}/live.mp3",
    summary="Hear an episode while it is being made",
    response_class=Response,
    responses={
        200: {"description": "An MP3 stream from its start, until it is whole", "content": {"audio/mpeg": {}}},
        307: {"description": "It is made: to the finished file"},
        404: {"description": "No such episode, or making it failed", **_PROBLEM},
        422: {"description": "No episode has such an id", **_PROBLEM},
        503: {"description": "The service stops", **_PROBLEM},
    },
)
async def live(id: EpisodeId, request: Request) -> Response:  # noqa: A002 -- the field's name
    """The stream has the timing of the finished file: a player can change to that at the same place."""
    board = board_of(request)
    job = board.latest(id)
    if job is None or job.over:
        return _after(board, id, job)
    if request.method == "HEAD":
        return _without_length(Response(headers=_HEADERS))
    return _Live(board, job)


@router.get(
    "/api/episodes/{id}/live.json",
    summary="Where the finished file has what the stream had",
    responses={
        404: {"description": "No such episode, not made by this service, or too long ago", **_PROBLEM},
        422: {"description": "No episode has such an id", **_PROBLEM},
    },
)
async def places(id: EpisodeId, request: Request) -> dict[str, Any]:  # noqa: A002 -- the field's name
    """`jumps`: [seconds in the stream, seconds in the file] from where on they are apart by as much; in order.

    One pair, of zeros, is the rule.  More are there where another engine took over, or a sentence was spoken anew.
    """
    board = board_of(request)
    job = board.latest(id)
    if job is None or job.state != "done":
        raise not_found("finished episode")
    # The board is asked above, in its own loop.  The files are read in asyncio's threads: the framework's may all wait
    # for a disk, on behalf of listeners.
    return {"jumps": await asyncio.to_thread(_read_jumps, cues_path(board.live_path(job)), board.public, id)}


def _read_jumps(cues: Path, public: Path, id: str) -> list[tuple[float, float]]:  # noqa: A002 -- the field's name
    episode = read_episode(public, id)
    if episode is None:
        raise not_found("finished episode")
    try:
        streamed = json.loads(cues.read_text(encoding="utf-8"))
    except OSError:
        raise not_found("live audio of this episode") from None
    return _jumps(streamed, episode.cues)


def _jumps(streamed: Sequence[Sequence[float]], cues: Sequence[Cue]) -> list[tuple[float, float]]:
    found = [(0.0, 0.0)]
    for (start, _), cue in zip(streamed, cues, strict=False):  # the same sentences
        apart = cue.start_seconds - start
        if abs(apart - (found[-1][1] - found[-1][0])) > _SAME_SECONDS:
            found.append((start, cue.start_seconds))
    return found


def _after(board: Board, id: str, job: Job | None) -> Response:  # noqa: A002 -- the field's name
    """The answer once there is nothing live: the finished file, or why there is none."""
    if job is not None and job.state in ("failed", "cancelled"):
        why = job.problem or "it was cancelled"
        raise Refused(404, job.state, f"the episode was not made: {why}", hint=job.hint or None)
    if not (board.public / EPISODES / id / f"{id}.mp3").is_file():
        raise not_found("episode")
    return RedirectResponse(f"../../../{EPISODES}/{id}/{id}.mp3", 307, {"Cache-Control": "no-store"})


class _Live(Response):
    """Streams the live file of a job.  It is not answered before there is something to hear, so the status is true.

    An answer that cannot be ended well (the job fails, the server stops) is broken off: a player knows that it is cut.
    """

    def __init__(self, board: Board, job: Job) -> None:
        super().__init__(headers=_HEADERS)
        _without_length(self)
        self._board, self._job = board, job

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        streaming = asyncio.create_task(self._stream(scope, receive, send))
        gone = asyncio.create_task(_disconnected(receive))
        try:
            await asyncio.wait((streaming, gone), return_when=asyncio.FIRST_COMPLETED)
            if streaming.done():
                streaming.result()
        finally:
            streaming.cancel()
            gone.cancel()
            await asyncio.gather(streaming, gone, return_exceptions=True)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        file = _Growing(self._board.live_path(self._job))
        try:
            over = begun = False
            while True:
                seen = self._board.version(self._job.id)
                over = over or self._over()  # before it is read: what was written before the end is read then
                if chunk := file.read():
                    if not begun:
                        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                        begun = True
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                elif over or self._board.closing:
                    break
                else:
                    await self._board.changed(self._job.id, seen)
            job = self._board.job(self._job.id)
            if not begun:
                await self._instead(job)(scope, receive, send)
            elif job and job.state == "done" and file.at_end():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            file.close()

    def _over(self) -> bool:
        job = self._board.job(self._job.id)
        return job is None or job.over

    def _instead(self, job: Job | None) -> Response:
        if job and not job.over:
            raise Refused(503, "closing", "the server stops", headers={"Retry-After": "5"})
        return _after(self._board, self._job.episode_id, job)


class _Growing:
    """A file read on as it grows.  Where it was removed and begun again, in the new one at the same place.

    That has the same bytes: they depend on script and clips alone, and clips are kept.  Reading is not given to a
    thread: what was written a moment ago is in memory.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._place = 0

    def read(self) -> bytes:
        if self._descriptor is None or os.fstat(self._descriptor).st_nlink == 0:
            self._open()
        chunk = os.pread(self._descriptor, CHUNK_BYTES, self._place) if self._descriptor is not None else b""
        self._place += len(chunk)
        return chunk

    def at_end(self) -> bool:
        """Whether all that is in the file was read; False where it was emptied."""
        return self._descriptor is not None and os.fstat(self._descriptor).st_size == self._place

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> None:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return  # an open one is read on: its job may be over
        self.close()
        self._descriptor = descriptor


def _without_length(response: Response) -> Response:
    """As it comes: the length of an empty body is not that of the stream."""
    del response.headers["content-length"]
    return response


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
