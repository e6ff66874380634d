"""Encoded parts that are kept: frames by the hash of their samples, so that an edit encodes one part.

A file is the SHA-256 of the frames, then the frames: one that a full disk or a crash cut short counts as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from podcast.audio import mp3
from podcast.audio.files import temporary_beside
from podcast.audio.filters import Samples
from podcast.folders import found_files, remove_least_used, remove_unfinished

LIMIT_BYTES = 500_000_000  # about 80 episodes of 10 minutes at 96 kbit/s
_SUFFIX = ".frames"
_CHECKSUM_BYTES = hashlib.sha256().digest_size


def encode(channels: tuple[Samples, ...], bitrate_kbps: int, folder: Path) -> bytes:
    """What `mp3.encode` gives, from the folder where it has it whole.  Raises OSError where it cannot be written."""
    path = folder / f"{_key(channels, bitrate_kbps)}{_SUFFIX}"
    frames = _read(path)
    if frames is None:
        frames = mp3.encode(channels, bitrate_kbps)
        with temporary_beside(path) as temporary:
            temporary.write_bytes(hashlib.sha256(frames).digest() + frames)
            temporary.replace(path)
    return frames


def prune(folder: Path, limit_bytes: int = LIMIT_BYTES) -> None:
    """Remove the least recently used parts beyond the limit, and what killed runs left."""
    remove_least_used(folder, f"*{_SUFFIX}", limit_bytes)
    remove_unfinished(folder, ".*.part", f"*{_SUFFIX}")


def size(folder: Path) -> tuple[int, int]:
    """How many parts are kept, and their bytes."""
    sizes = [status.st_size for _, status in found_files(folder, f"*{_SUFFIX}")]
    return len(sizes), sum(sizes)


def _key(channels: tuple[Samples, ...], bitrate_kbps: int) -> str:
    digest = hashlib.sha256(f"{mp3.ENCODER} {bitrate_kbps} {len(channels)}".encode())
    for channel in channels:
        digest.update(channel.data)
    return digest.hexdigest()


def _read(path: Path) -> bytes | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    checksum, frames = content[:_CHECKSUM_BYTES], content[_CHECKSUM_BYTES:]
    if hashlib.sha256(frames).digest() != checksum:
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # used just now: last to be pruned
    return frames
