"""Fingerprints: nothing is made or looked through again where all that it depends on is as it was.

`.fingerprints.json` holds one hash for each derived file (or group of files), over everything it was made from, this
package's own code and templates among it, and over the bytes of the files; and one for each episode that passed the
gate.  It says nothing that is not in the folder: where it is missing, old or damaged, all is made and looked through
again, and files that turn out the same are left alone as ever.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path

from podcast.publish.files import replace_file, sync_files

FINGERPRINTS = ".fingerprints.json"
# Libraries whose next version may write the same thing in other bytes, or find other things in an MP3.
_LIBRARIES = ("feedgen", "jinja2", "lxml", "markupsafe", "mutagen", "segno")
Writer = Callable[[Mapping[str, bytes]], None]


class Fingerprints:
    """The fingerprints of one public folder, for one run.  `common`: what every file is made from, such as the show."""

    def __init__(self, public: Path, *common: object) -> None:
        self._public = public
        self._common = common
        self._before, self._before_ns = _read(public / FINGERPRINTS)
        self._now: dict[str, str] = {}
        self._began_ns = time.time_ns()
        self._looked = False  # whether anything has passed anew
        self._written: list[Path] = []  # since `settle`

    def passed(self, name: str, depends_on: object, files: Iterable[Path]) -> bool:
        """Whether `name` passed in an earlier run, and nothing has touched `files` since that run began.

        The time compared is that of the last change of content or name (ctime), which no tool sets back.
        """
        key, value = _passed(name, depends_on)
        try:
            touched = any(path.stat().st_ctime_ns > self._before_ns for path in files)
        except OSError:
            return False
        if touched or self._before.get(key) != value:
            return False
        self._now[key] = value
        return True

    def keep_passed(self, name: str, depends_on: object) -> None:
        """`name` has passed in this run."""
        key, value = _passed(name, depends_on)
        self._now[key] = value
        self._looked = True

    def stale(self, folder: Path, names: Sequence[str], made_from: object, *, durable: bool = False) -> Writer | None:
        """None where the files `names` of `folder` are as they should be; else what writes them, given name -> content.

        `made_from`: all that their content depends on, as a value whose repr tells two apart.
        What was written is sure to be on the disk after `settle`, or if `durable` at once.
        """
        key = (folder / names[0]).relative_to(self._public).as_posix()
        inputs = _bytes(_code(), self._common, names, made_from)
        there = _contents(folder, names)
        if there is not None and self._before.get(key) == _hash([inputs, *there]):
            self._now[key] = self._before[key]
            return None

        def write(contents: Mapping[str, bytes]) -> None:
            for name in names:
                if replace_file(folder / name, contents[name], durable=durable) and not durable:
                    self._written.append(folder / name)
            self._now[key] = _hash([inputs, *(contents[name] for name in names)])

        return write

    def settle(self) -> None:
        """Wait until all that was written is on the disk: thousands of files in one go, not one by one."""
        sync_files(self._written)
        self._written.clear()

    def save(self) -> None:
        """Keep what this run found, and forget what it did not come across.  The file's time is the run's beginning."""
        self.settle()
        path = self._public / FINGERPRINTS
        text = json.dumps(self._now, ensure_ascii=False, indent=0, sort_keys=True)
        if replace_file(path, text.encode()) or self._looked:
            os.utime(path, ns=(self._began_ns, self._began_ns))


def _passed(name: str, depends_on: object) -> tuple[str, str]:
    return f"{name} passed", _hash([_bytes(_code(), depends_on)])


def _bytes(*values: object) -> bytes:
    return repr(values).encode(errors="backslashreplace")


def _contents(folder: Path, names: Sequence[str]) -> list[bytes] | None:
    try:
        return [(folder / name).read_bytes() for name in names]
    except OSError:
        return None


def _read(path: Path) -> tuple[Mapping[str, str], int]:
    """The fingerprints and the time of their file in ns."""
    try:
        found, time_ns = json.loads(path.read_bytes()), path.stat().st_mtime_ns
    except (OSError, ValueError):
        return {}, 0
    return (found, time_ns) if isinstance(found, dict) else ({}, 0)


def _hash(parts: Sequence[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()[:32]


@cache
def _code() -> str:
    """Hash of this package's code and templates, and the versions of what they use."""
    package = resources.files("podcast")
    sources = [*contents_below(package / "publish"), (package / "models.py").read_bytes()]
    versions = [f"{name} {metadata.version(name)}".encode() for name in _LIBRARIES]
    return _hash([*sources, *versions])


def contents_below(folder: Traversable) -> list[bytes]:
    """The content of every file of a folder of a package, in order of name."""
    found = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir() and entry.name != "__pycache__":
            found += contents_below(entry)
        elif entry.is_file():
            found.append(entry.read_bytes())
    return found
