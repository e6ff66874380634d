"""A worker process as the server sees it: asked one thing at a time, and killed when it takes too long."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import sys
import threading
from collections.abc import Callable
from functools import cache
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from podcast import errors
from podcast.errors import PodcastError
from podcast.serve.studio import Studio, work

START_SECONDS = 120.0  # a cold disk, two hundred modules and a dictionary

Tell = Callable[[tuple[Any, ...]], None]


class Died(Exception):
    """The worker ended without an answer: it was killed, by us or by the system."""


class Defect(PodcastError):
    """Something in the worker that nobody foresaw."""

    def __init__(self, what: str, trace: str) -> None:
        super().__init__(what)
        self.trace = trace


class Worker:
    """One process.  `start` may be called again after `kill`, and after `Died`."""

    def __init__(self, studio: Studio, alive: Path) -> None:
        self._studio, self._alive = studio, alive
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._answer: asyncio.Future[Any] | None = None
        self._told: Tell = lambda _: None
        atexit.register(self.kill)  # a program that ends otherwise waits for its children, and they for its end

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.is_alive()

    async def start(self) -> None:
        """Start it and wait until it is warm.  Raises what the studio raises, and Died."""
        context = _context()
        ours, theirs = context.Pipe()
        self._pipe = ours
        self._process = context.Process(target=work, args=(theirs, self._studio, self._alive), daemon=True)
        self._answer = asyncio.get_running_loop().create_future()
        await asyncio.to_thread(self._process.start)
        theirs.close()
        threading.Thread(target=self._listen, args=(ours, asyncio.get_running_loop()), daemon=True).start()
        async with self._killed_unless_answered(START_SECONDS):
            await self._answer

    async def ask(self, *request: Any, told: Tell = lambda _: None, limit_seconds: float) -> Any:
        """Its answer.  Raises what went wrong there, Died, or TimeoutError (it is then killed)."""
        if self._pipe is None or not self.running:
            raise Died
        self._told = told
        self._answer = asyncio.get_running_loop().create_future()
        async with self._killed_unless_answered(limit_seconds):
            self.say(*request)
            return await self._answer

    def say(self, *message: Any) -> None:
        if self._pipe:
            with contextlib.suppress(OSError):  # it is gone, as the listening thread will find
                self._pipe.send(message)

    def kill(self) -> None:
        if self._process and self._process.pid:
            self._process.kill()

    async def gone(self) -> None:
        """Wait until a killed one is no more, so that nothing of it is written after this."""
        if self._process and self._process.pid:
            await asyncio.to_thread(self._process.join)

    @contextlib.asynccontextmanager
    async def _killed_unless_answered(self, seconds: float) -> Any:
        try:
            async with asyncio.timeout(seconds):
                yield
        except (TimeoutError, asyncio.CancelledError, Died):
            self.kill()
            await self.gone()
            raise

    def _listen(self, pipe: Connection, loop: asyncio.AbstractEventLoop) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            try:
                while True:
                    loop.call_soon_threadsafe(self._hear, pipe, pipe.recv())
            except (EOFError, OSError):
                loop.call_soon_threadsafe(self._hear, pipe, ("died",))
            finally:
                pipe.close()

    def _hear(self, pipe: Connection, message: tuple[Any, ...]) -> None:
        if pipe is not self._pipe or self._answer is None or self._answer.done():
            return  # of a process before this one, or nobody waits for it
        match message:
            case ("told", *what):
                self._told(tuple(what))
            case ("ready",):
                self._answer.set_result(None)
            case ("done", result):
                self._answer.set_result(result)
            case ("failed", kind, what, where, hint, trace):
                self._answer.set_exception(_error(kind, what, where, hint, trace))
            case _:
                self._answer.set_exception(Died())


@cache
def _context() -> Any:
    """Workers are forked from a process that has loaded everything and has no threads: they start in a moment.

    Not from the server itself, which has threads, and of which a worker shall hold nothing but its pipe.  On macOS a
    fork of what has loaded numpy may crash: there each worker loads for itself.
    """
    if sys.platform == "darwin":
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(["podcast.serve.preload"])
    return context


def _error(kind: str, what: str, where: str | None, hint: str | None, trace: str) -> PodcastError:
    known = getattr(errors, kind, None)
    if isinstance(known, type) and issubclass(known, PodcastError):
        return known(what, where=where, hint=hint)
    return Defect(what, trace)
