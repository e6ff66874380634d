"""The content folder: digests that are there, and which of them have no episode yet.

What a request names is the hash of a digest's text.  No path of a request is ever joined to a folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from podcast.digest import SIZE_LIMIT_BYTES
from podcast.errors import InputError
from podcast.publish import source_name
from podcast.publish.episode import EPISODES
from podcast.publish.record import RECORD, read_record
from podcast.serve.jobs import job_id


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file of the content folder."""

    id: str  # of its job
    name: str  # as episode.json has it
    text: bytes
    changed_ns: int


class Shelf:
    """The folder's digests: `podcast make FOLDER` takes the same files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[Path, tuple[tuple[int, int], Sheet]] = {}

    def sheets(self) -> list[Sheet]:
        """What is there now, in order of name.  Symbolic links that lead out of the folder are passed over."""
        known = {}
        root = self._folder.resolve()
        for path in sorted(self._folder.glob("*.md")):
            if path.name.startswith(("_", ".", "README")) or not path.resolve().is_relative_to(root):
                continue
            try:
                status = path.stat()
                stamp = (status.st_mtime_ns, status.st_size)
                if status.st_size > SIZE_LIMIT_BYTES or not path.is_file():
                    continue
                sheet = self._known.get(path, (None, None))
                known[path] = (stamp, sheet[1] if sheet[0] == stamp and sheet[1] else _sheet(path, stamp[0]))
            except OSError:  # gone meanwhile, or not for us to read
                continue
        self._known = known
        return [sheet for _, sheet in known.values()]


def _sheet(path: Path, changed_ns: int) -> Sheet:
    text = path.read_bytes()
    return Sheet(job_id(text), source_name(path), text, changed_ns)


@dataclass(frozen=True, slots=True)
class Published:
    """An episode that is there."""

    source: str
    day: date
    content_hash: str


class Library:
    """The episodes of the public folder; a record is read again when its file has changed."""

    def __init__(self, public: Path) -> None:
        self._folder = public / EPISODES
        self._known: dict[Path, tuple[int, Published | None]] = {}

    def episodes(self) -> dict[str, Published]:
        """By id; those with a damaged record are left out."""
        known = {}
        for path in self._folder.glob(f"[!.]*/{RECORD}"):
            try:
                stamp = path.stat().st_mtime_ns
            except OSError:
                continue
            old = self._known.get(path)
            known[path] = old if old and old[0] == stamp else (stamp, _published(path))
        self._known = known
        return {path.parent.name: episode for path, (_, episode) in known.items() if episode}


def _published(path: Path) -> Published | None:
    try:
        episode = read_record(path)
    except InputError:
        return None
    return Published(episode.source, episode.published.date(), episode.content_hash)
