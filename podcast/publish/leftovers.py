"""What a killed run leaves in the public folder, and its end."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

MAKING = ".making"  # where a master grows until its episode is written
# Names that files have until they are whole: of audio, of feed and pages, of the pages beside the episodes.
_UNFINISHED = (f"{MAKING}/*", f"{MAKING}/.*", ".*.new", "*/.*.new", "episodes/*/.*.new", "episodes/.*.new/*")
_STALE_SECONDS = 3600.0  # nothing is written for so long: its writer is gone


def sweep(public: Path, *, older_than_seconds: float = _STALE_SECONDS) -> None:
    """Remove unfinished files that nobody has touched for an hour, and the folders that only they were in.

    Whoever knows that no writer is left (it holds the folder, and has just begun) need not wait so long.
    """
    oldest = time.time() - older_than_seconds
    for pattern in _UNFINISHED:
        for path in public.glob(pattern):
            with contextlib.suppress(OSError):  # another run was quicker
                if path.is_file() and path.stat().st_mtime < oldest:
                    path.unlink()
    for folder in (public / MAKING, *public.glob("episodes/.*.new")):
        with contextlib.suppress(OSError):  # not empty, or not there
            folder.rmdir()
