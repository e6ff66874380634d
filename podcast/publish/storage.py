"""Where a show is published: a folder, or a prefix of an S3 bucket.

A store keeps files under keys: the path below the public folder, "episodes/2025-11-04/2025-11-04.mp3".  A file appears
in it whole or not at all.  Hidden files (a name that begins with a dot) are not the show's: they are never listed and
never removed.
"""

from __future__ import annotations

import contextlib
import filecmp
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from podcast.errors import ConfigError, InputError, SetupError
from podcast.publish.files import exclusive

S3 = "s3://"


@dataclass(frozen=True, slots=True)
class Stored:
    """What a store says of a file it holds."""

    size_bytes: int
    tag: str  # changes with the content; a bucket's ETag, with its quotation marks


class Store(Protocol):
    """Every method raises SetupError where the store cannot be reached or refuses."""

    @property
    def name(self) -> str:
        """For people: "s3://bucket/prefix"."""

    def contents(self) -> dict[str, Stored]:
        """Everything it holds, hidden files left out."""

    def holds(self, key: str, stored: Stored, file: Path) -> bool:
        """Whether what is stored has the same bytes as the file."""

    def read(self, key: str) -> bytes: ...

    def put(self, key: str, content: Path | bytes, before: Stored | None) -> Stored:
        """Store it in place of `before` (None: of nothing).

        Raises Conflict where another publisher has meanwhile put something else there and the store can tell.
        """

    def copy(self, key: str, stored: Stored, to: str) -> None:
        """Keep what is stored there under another key, too."""

    def remove(self, key: str) -> None: ...


@contextlib.contextmanager
def open_store(target: str, *, public: Path, write: bool = True) -> Iterator[Store]:
    """The store that a target names: "s3://bucket/prefix" or the path of a folder, which is made and locked to `write`.

    Raises ConfigError for a target that is neither, or that lies in the public folder; SetupError where the extra `s3`
    is not installed or the folder cannot be written.
    """
    if target.startswith(S3):
        from podcast.publish.bucket import open_bucket

        yield open_bucket(target)
        return
    if "://" in target:
        hint = "Write s3://bucket/prefix, or the path of a folder."
        raise ConfigError(f"no way to publish to {target}", hint=hint)
    folder, source = Path(target).expanduser(), public.resolve()
    if source == folder.resolve() or source in folder.resolve().parents or folder.resolve() in source.parents:
        hint = "Publish to a folder outside it."
        raise ConfigError("one of public folder and target lies in the other", where=str(folder), hint=hint)
    if not write:
        yield FolderStore(folder)
        return
    with _told(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with exclusive(folder):
        yield FolderStore(folder)


def visible_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """(key, path) of the files below a folder, those in hidden folders or with hidden names left out.

    Raises InputError for a name that is no UTF-8, for it has no address; OSError for a folder that cannot be read.
    """
    if not folder.exists():
        return
    for parent, folders, names in os.walk(folder, onerror=_raise, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if name.startswith(".") or not path.is_file():
                continue
            key = path.relative_to(folder).as_posix()
            try:
                key.encode()
            except UnicodeEncodeError:
                raise InputError("the name is no UTF-8", where=repr(str(path)), hint="Rename it.") from None
            yield key, path


def _raise(error: OSError) -> None:
    raise error


class Conflict(SetupError):
    """Two publishers met: what was to be replaced is not what is there."""


class NotThere(SetupError):
    """The store holds nothing under that key."""


def conflict(key: str) -> Conflict:
    hint = "Its feed may be the newer one. Run this again when it is done."
    return Conflict("another publisher changed it meanwhile", where=key, hint=hint)


class FolderStore:
    """A folder that a web server serves.  `open_store` keeps it to one writer at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def name(self) -> str:
        return str(self._folder)

    def contents(self) -> dict[str, Stored]:
        with _told(self._folder):
            return {key: _stored(path) for key, path in visible_files(self._folder)}

    def holds(self, key: str, stored: Stored, file: Path) -> bool:
        with _told(self._folder / key):
            return stored.size_bytes == file.stat().st_size and filecmp.cmp(self._folder / key, file, shallow=False)

    def read(self, key: str) -> bytes:
        with _told(self._folder / key):
            return (self._folder / key).read_bytes()

    def put(self, key: str, content: Path | bytes, before: Stored | None) -> Stored:  # noqa: ARG002 -- one writer
        path = self._folder / key
        temporary = path.with_name(f".{path.name}.new")
        with _told(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with temporary.open("wb") as file:
                    if isinstance(content, bytes):
                        file.write(content)
                    else:
                        with content.open("rb") as source:
                            shutil.copyfileobj(source, file, 1 << 20)
                    file.flush()
                    os.fsync(file.fileno())  # a rename may reach the disk before the data it names
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
            return _stored(path)

    def copy(self, key: str, stored: Stored, to: str) -> None:  # noqa: ARG002 -- one writer
        self.put(to, self._folder / key, None)

    def remove(self, key: str) -> None:
        path = self._folder / key
        with _told(path):
            path.unlink(missing_ok=True)
        for folder in path.relative_to(self._folder).parents[:-1]:
            with contextlib.suppress(OSError):  # not empty
                (self._folder / folder).rmdir()


def _stored(path: Path) -> Stored:
    status = path.stat()
    return Stored(status.st_size, f"{status.st_mtime_ns}-{status.st_ino}")


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SetupError(
            f"cannot be read or written: {error.strerror}", where=str(path), hint="Choose a folder you may write to."
        ) from error
