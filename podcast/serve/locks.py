"""Who may write where: one server to a queue, one writer to a public folder."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TextIO

from podcast.errors import SetupError
from podcast.publish import exclusive

WORKERS = "workers.lock"  # each worker holds it, shared, as long as it lives
_TRY_SECONDS = 0.5  # between tries for the public folder
_WORKERS_SECONDS = 30.0  # that the workers of a killed server may take to end: they take some milliseconds


@contextlib.contextmanager
def only_server(state: Path) -> Iterator[None]:
    """Hold the state folder, and wait until no worker of a server that was killed is left.

    Raises SetupError where another server works with it.
    """
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (state / "server.lock").open("a") as server, (state / WORKERS).open("a") as workers:
            fcntl.flock(server, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _wait_for(workers)
            yield
    except BlockingIOError as error:
        hint = "Stop it, or choose another public folder."
        raise SetupError("another server works with this folder", where=str(state), hint=hint) from error
    except PermissionError as error:
        raise SetupError(f"cannot be written: {error.strerror}", where=str(state), hint="Set serve.state.") from error


def _wait_for(workers: TextIO) -> None:
    end = time.monotonic() + _WORKERS_SECONDS
    while True:
        try:
            fcntl.flock(workers, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            fcntl.flock(workers, fcntl.LOCK_UN)
            return


class PublicFolder:
    """The public folder, held while any job runs: `podcast make` beside it is told so, and is waited for."""

    def __init__(self, public: Path) -> None:
        self._public = public
        self._writers = 0
        self._held = contextlib.ExitStack()
        self._turn = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        async with self._turn:
            while self._writers == 0:
                try:
                    self._held.enter_context(exclusive(self._public))
                except SetupError:
                    await asyncio.sleep(_TRY_SECONDS)
                else:
                    break
            self._writers += 1
        try:
            yield
        finally:
            self._writers -= 1
            if self._writers == 0:
                self._held.close()
