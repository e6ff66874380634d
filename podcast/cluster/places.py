"""Where a show's episodes are made and published: a folder that all workers share, or a bucket."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from podcast.errors import SetupError
from podcast.models import Episode
from podcast.publish import exclusive, prepare_public
from podcast.publish.bucket import Bucket, open_bucket
from podcast.publish.episode import EPISODES, read_episode
from podcast.publish.record import RECORD, parse_record
from podcast.publish.storage import S3, NotThere, Stored
from podcast.publish.upload import at_once, upload

_MADE = ".made"  # hidden: never listed, never taken for the show's


class Place(Protocol):
    """Every method raises SetupError where the place cannot be reached or written."""

    def making(self, episode_id: str) -> AbstractContextManager[Path]:
        """A public folder to make this episode in; what is made is kept when it is left without an error."""

    def publishing(self, episode_ids: Sequence[str]) -> AbstractContextManager[Path]:
        """The public folder, these episodes among the others; listeners see it when it is left without an error.

        One writer at a time: SetupError where another is at work.
        """

    def episode(self, episode_id: str) -> Episode | None:
        """The published episode of that name."""


def open_place(target: str, scratch: Path) -> Place:
    """The place of "s3://bucket/prefix", or of a folder; `scratch` is a folder of this machine."""
    return BucketPlace(target, scratch) if target.startswith(S3) else FolderPlace(Path(target))


class FolderPlace:
    def __init__(self, public: Path) -> None:
        self._public = public

    @contextlib.contextmanager
    def making(self, episode_id: str) -> Iterator[Path]:  # noqa: ARG002 -- its own folder appears by one rename
        prepare_public(self._public)
        yield self._public

    @contextlib.contextmanager
    def publishing(self, episode_ids: Sequence[str]) -> Iterator[Path]:  # noqa: ARG002 -- they are there
        with exclusive(self._public):
            yield self._public

    def episode(self, episode_id: str) -> Episode | None:
        return read_episode(self._public, episode_id)


class BucketPlace:
    """Episodes wait below the prefix's hidden .made/ until they are published: what listeners see is `upload`'s alone.

    A machine that publishes keeps a copy of the show, audio and all, for the gate reads it.
    """

    def __init__(self, target: str, scratch: Path) -> None:
        self._target = target.rstrip("/")
        self._store = open_bucket(self._target)
        self._scratch = scratch
        self._mirror = scratch / "shows" / self._target.removeprefix(S3)

    @contextlib.contextmanager
    def making(self, episode_id: str) -> Iterator[Path]:
        with self._fresh_folder() as public:
            folder = public / EPISODES / episode_id
            there = self._part(f"{EPISODES}/{episode_id}")
            _fetch(there, there.contents(), folder)
            yield public
            made = self._part(f"{_MADE}/{episode_id}")
            before = made.contents()
            names = [path.name for path in folder.iterdir() if path.is_file() and path.name != RECORD]
            at_once(lambda name: made.put(name, folder / name, before.get(name)), names)
            made.put(RECORD, folder / RECORD, before.get(RECORD))  # last: an episode without one is none

    @contextlib.contextmanager
    def publishing(self, episode_ids: Sequence[str]) -> Iterator[Path]:
        self._mirror.mkdir(parents=True, exist_ok=True)
        with exclusive(self._mirror):
            before = self._store.contents()
            wanted = {key: stored for key, stored in before.items() if _of_show(key)}
            _fetch(self._store, wanted, self._mirror)
            for name in episode_ids:
                made = self._part(f"{_MADE}/{name}")
                _fetch(made, made.contents(), self._mirror / EPISODES / name)
            yield self._mirror
            upload(self._mirror, self._store, before=before)
            for name in episode_ids:
                made = self._part(f"{_MADE}/{name}")
                there = made.contents()
                at_once(made.remove, there.keys() & {RECORD})  # first: what is left without it is no episode
                at_once(made.remove, there.keys() - {RECORD})

    def episode(self, episode_id: str) -> Episode | None:
        key = f"{EPISODES}/{episode_id}/{RECORD}"
        try:
            return parse_record(self._store.read(key), Path(key))
        except NotThere:
            return None

    def _part(self, name: str) -> Bucket:
        return open_bucket(f"{self._target}/{name}")

    @contextlib.contextmanager
    def _fresh_folder(self) -> Iterator[Path]:
        self._scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._scratch) as name:
            yield Path(name)


def _of_show(key: str) -> bool:
    """What feed and pages are made from: the others are made again."""
    return key.startswith((f"{EPISODES}/", "feed"))


def _fetch(store: Bucket, wanted: Mapping[str, Stored], folder: Path) -> None:
    """Bring the folder to what the store holds of `wanted`."""

    def fetch(key: str) -> None:
        path = folder / key
        if not path.is_file() or not store.holds(key, wanted[key], path):
            _write(path, store.read(key))

    at_once(fetch, wanted)


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.new")
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        raise SetupError(f"cannot be written: {error.strerror}", where=str(path)) from error
