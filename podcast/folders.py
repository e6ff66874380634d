"""Folders that are caches: kept under a limit, the least recently used files first to go."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

_STALE_SECONDS = 3600.0  # an unfinished file older than this belongs to a process that is gone


def found_files(folder: Path, pattern: str) -> Iterator[tuple[Path, os.stat_result]]:
    """The files of a glob pattern; those that another process removes meanwhile are left out."""
    for path in folder.glob(pattern):
        with contextlib.suppress(FileNotFoundError):
            yield path, path.stat()


def remove_least_used(
    folder: Path, pattern: str, limit_bytes: int | None, *, spare_seconds: float = 0.0
) -> tuple[int, int]:
    """Remove the least recently used files until the rest fits in the limit; how many files and bytes were removed.

    Used is what the time of modification says.  What was used less than `spare_seconds` before the last stays.
    """
    found = sorted(found_files(folder, pattern), key=lambda entry: entry[1].st_mtime)
    total, removed, freed = sum(status.st_size for _, status in found), 0, 0
    if spare_seconds and found:
        found = [entry for entry in found if entry[1].st_mtime < found[-1][1].st_mtime - spare_seconds]
    for path, status in found:
        if limit_bytes is None or total - freed <= limit_bytes:
            break
        with contextlib.suppress(OSError):
            path.unlink()
            removed, freed = removed + 1, freed + status.st_size
    return removed, freed


def remove_unfinished(folder: Path, unfinished: str, finished: str) -> None:
    """Remove what a killed process left unfinished: files an hour older than the last one that was finished."""
    newest = max((status.st_mtime for _, status in found_files(folder, finished)), default=0.0)
    for path, status in found_files(folder, unfinished):
        if status.st_mtime < newest - _STALE_SECONDS:
            with contextlib.suppress(OSError):
                path.unlink()
