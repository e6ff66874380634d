"""What one server takes on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Of jobs and digests; `serve` in podcast.toml says the same with defaults."""

    queue: int = 20  # jobs that wait
    concurrency: int = 1  # episodes made at once
    job_seconds: float = 3600.0  # for one of them
    keep_seconds: float = 7 * 86400.0  # how long a finished job is remembered
    digest_bytes: int = 256 * 1024
    items: int = 100  # of a digest
    read_seconds: float = 20.0  # for reading a digest, or its preview
    readers: int = 8  # digests that may wait to be read
    live_keep_seconds: float = 600.0  # a live file after its end, for those who still listen
    retry_seconds: float = 600.0  # until a watched digest that no engine could speak is tried again
    poll_seconds: float = 2.0  # between looks at the content folder
