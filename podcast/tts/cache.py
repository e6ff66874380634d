"""The clip cache: nothing is spoken twice.

A clip is one FLAC file named by the hash of everything that decides how it sounds.  Its marks and a checksum of its
samples are in the file's own comment, so that a file is either whole or not there: it is written under a temporary
name, read back, and only then given its own.  Two processes may share a folder: of two that speak the same words the
first to finish is right, and the other takes its clip, so that marks and samples never come from two.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile

from podcast.errors import SetupError
from podcast.folders import found_files, remove_least_used, remove_unfinished
from podcast.models import Clip, Mark
from podcast.tts.base import Speech

_SUFFIX = ".flac"
_CLIPS = f"??/*{_SUFFIX}"
_TEMPORARY = ".part"
_IN_USE_SECONDS = 86_400.0  # longer than any episode takes


def clip_key(*parts: str) -> str:
    """The name of a clip: a hash of the parts, none of which can run into the next."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class CacheSize:
    clips: int
    size_bytes: int


class ClipCache:
    """Clips in a folder, least recently used ones removed by `prune`."""

    def __init__(self, folder: Path, *, limit_bytes: int | None = None) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes

    def path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}{_SUFFIX}"

    def get(self, key: str, utterance_id: str) -> Clip | None:
        """The clip, or None where there is none; a damaged one counts as none and gives way to the next `put`."""
        path = self.path(key)
        try:
            clip = _read(path, utterance_id)
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            RuntimeError,
            MemoryError,
        ):  # a flipped bit can ask for 100 GB
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # used just now: last to be pruned
        return clip

    def put(self, key: str, utterance_id: str, speech: Speech) -> Clip:
        """Store what an engine said, unless another has done so: its clip is returned then.

        Raises SetupError where the folder cannot be written.
        """
        path = self.path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=key[:8], suffix=_TEMPORARY)
            os.close(descriptor)
            temporary = Path(name)
            try:
                _write(temporary, speech)
                clip = _read(temporary, utterance_id)
                with temporary.open("rb") as file:
                    os.fsync(file.fileno())
                if not _name(temporary, path):
                    if other := self.get(key, utterance_id):
                        return other
                    temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
        except (OSError, soundfile.LibsndfileError, ValueError) as error:  # a disk may also keep what was not written
            raise SetupError(
                f"the clip cache cannot be written: {getattr(error, 'strerror', None) or error}",
                where=str(self.folder),
                hint="Free some space, or set tts.cache to a folder you can write to.",
            ) from error
        return Clip(utterance_id, path, clip.duration_seconds, clip.marks)

    def remove(self, key: str) -> None:
        self.path(key).unlink(missing_ok=True)

    def size(self) -> CacheSize:
        sizes = [status.st_size for _, status in found_files(self.folder, _CLIPS)]
        return CacheSize(len(sizes), sum(sizes))

    def prune(self, limit_bytes: int | None = None) -> CacheSize:
        """Remove the least recently used clips until the rest fits in the limit; what was removed.

        Without a limit of its own it goes by the cache's and spares what was used in the last day: an episode that is
        being made may still want it.
        """
        limit = self.limit_bytes if limit_bytes is None else limit_bytes
        spare_seconds = _IN_USE_SECONDS if limit_bytes is None else 0.0
        removed = remove_least_used(self.folder, _CLIPS, limit, spare_seconds=spare_seconds)
        remove_unfinished(self.folder, f"??/*{_TEMPORARY}", _CLIPS)
        return CacheSize(*removed)


def _write(path: Path, speech: Speech) -> None:
    pcm = _to_pcm(speech)
    note = {"sha256": hashlib.sha256(pcm.tobytes()).hexdigest(), "marks": [asdict(mark) for mark in speech.marks]}
    flac = io.BytesIO()  # of a full disk libsndfile says less than the system does
    with soundfile.SoundFile(flac, "w", speech.sample_rate_hz, 1, "PCM_16", format="FLAC") as file:
        file.comment = json.dumps(note, ensure_ascii=True)
        file.write(pcm)
    path.write_bytes(flac.getvalue())


def _name(temporary: Path, path: Path) -> bool:
    """Give a file its name as well, if no file has it."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links: two at once may both be named, one after the other
        if path.exists():
            return False
        temporary.replace(path)
    return True


def _read(path: Path, utterance_id: str) -> Clip:
    """Raises ValueError or soundfile's RuntimeError for a file that is not whole."""
    if not path.exists():
        raise FileNotFoundError(path)
    with soundfile.SoundFile(path) as file:
        note = json.loads(file.comment)
        pcm = file.read(dtype="int16")
        duration_seconds = len(pcm) / file.samplerate
    if hashlib.sha256(np.ascontiguousarray(pcm).tobytes()).hexdigest() != note["sha256"]:
        raise ValueError(f"{path} is damaged")
    return Clip(utterance_id, path, duration_seconds, tuple(Mark(**mark) for mark in note["marks"]))


def _to_pcm(speech: Speech) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """16 bits are 96 dB: the engines' own noise floor is far above that."""
    return np.round(np.clip(speech.samples, -1.0, 1.0) * 32767.0).astype(np.int16)
