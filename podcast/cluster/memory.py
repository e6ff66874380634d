"""How many worker processes this machine, or this container, has memory and processors for."""

from __future__ import annotations

import os
from pathlib import Path

KEPT_BYTES = 500_000_000  # for the main process and the system
_CONTAINER = Path("/sys/fs/cgroup")


def processes_that_fit(
    process_bytes: int, *, meminfo: Path = Path("/proc/meminfo"), container: Path = _CONTAINER, cores: int | None = None
) -> int:
    """At least one, at most one a core."""
    cores = cores or len(os.sched_getaffinity(0))
    free = min((size for size in (_available(meminfo), _left(container)) if size is not None), default=None)
    if free is None:
        return cores
    return max(1, min(cores, (free - KEPT_BYTES) // process_bytes))


def _available(meminfo: Path) -> int | None:
    try:
        lines = meminfo.read_text().splitlines()
    except OSError:
        return None
    sizes = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    return sizes[0] if sizes else None


def _left(container: Path) -> int | None:
    """Of a container's limit (cgroup 2)."""
    try:
        limit, used = ((container / name).read_text().strip() for name in ("memory.max", "memory.current"))
    except OSError:
        return None
    return None if limit == "max" else int(limit) - int(used)
