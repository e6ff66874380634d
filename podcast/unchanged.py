"""Digests whose episodes are known to be as they should: told from bytes, without reading, writing or speaking.

`.made.json` in the public folder holds, for each episode, a hash over everything that it was made from: the digest's
bytes, the settings, the voices, the music, this package's own code and the libraries below it.  What changes any of
them is looked at in the long way, which finds that most episodes are still the same.  It says nothing that is not in
the folder: without it every digest is looked at in the long way.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from podcast.errors import PodcastError
from podcast.pipeline import Made
from podcast.publish.episode import EPISODES, read_episode, source_name
from podcast.publish.files import replace_file
from podcast.publish.fingerprints import contents_below
from podcast.work import Production

FILE = ".made.json"


class Unchanged:
    """What is known of one public folder, for one run."""

    def __init__(self, public: Path, *, believe: bool = True) -> None:
        self._public = public
        self._path = public / FILE
        self._before = _read(self._path)
        self._believe = believe
        self._now: dict[str, Any] = {}
        self._found: dict[tuple[Path, str], Made | None] = {}
        self._keys: dict[tuple[Path, str], str] = {}
        self._commons: list[tuple[Production, bytes]] = []  # of each production that was asked for

    def find(self, source: Path, production: Production) -> Made | None:
        """The episode of a digest, where nothing of what it was made from has changed since; looked for once."""
        name = source, production.edition.name
        if name not in self._found:
            try:
                self._keys[name] = self._key(source, production)
            except OSError:  # it is told when the digest is read
                return None
            self._found[name] = self._find(self._keys[name], production) if self._believe else None
        return self._found[name]

    def _find(self, key: str, production: Production) -> Made | None:
        try:
            known = self._before[key]
            episode = read_episode(self._public, known["id"])
            size_bytes = (self._public / episode.enclosure.url).stat().st_size if episode else 0
            edited = known["script"] != self._script(known["id"])
        except (OSError, PodcastError, KeyError, TypeError):
            return None
        if episode is None or edited or episode.content_hash != known["content"]:
            return None
        if size_bytes != episode.enclosure.length_bytes:
            return None
        roster = production.roster
        spoken_by = [speaker.engine.name for speaker in roster.speakers]
        if episode.engine not in (spoken_by if roster.any_will_do else spoken_by[:1]):
            return None  # the one that is wanted may be back
        self._now[key] = known
        return Made(
            episode=episode,
            path=self._public / episode.enclosure.url,
            utterances=known["utterances"],
            synthesized=0,
            cached=known["utterances"],
            changed=False,
            warnings=tuple(known["warnings"]),
            left_out=tuple(known["left_out"]),
            seconds=dict.fromkeys(("script", "tts", "audio", "publish"), 0.0),
        )

    def keep(self, source: Path, production: Production, made: Made) -> None:
        """`made` is what the digest gives, as it was when it was looked for; nothing is kept where it was edited since.

        Speaking takes minutes, and the digest may be at hand in an editor.  Nor is anything kept that is not settled.
        """
        key = self._keys.get((source, production.edition.name))
        if key is None or not made.settled or key != self._key(source, production):
            return
        self._now[key] = {
            "id": made.episode.id,
            "content": made.episode.content_hash,
            "script": self._script(made.episode.id),
            "utterances": made.utterances,
            "warnings": list(made.warnings),
            "left_out": list(made.left_out),
        }

    def _key(self, source: Path, production: Production) -> str:
        common = next((known for of, known in self._commons if of is production), None)
        if common is None:
            common = _common(production)
            self._commons.append((production, common))
        return _hash([common, source_name(source).encode(), source.read_bytes()])

    def _script(self, name: str) -> str:
        """Hash of the script beside the episode, which a person may have edited since."""
        return _hash([(self._public / EPISODES / name / "script.md").read_bytes()])

    def save(self) -> None:
        """Keep what this run found, and what earlier ones did of other episodes."""
        mine = {known["id"] for known in self._now.values()}
        kept = {key: known for key, known in self._before.items() if known.get("id") not in mine}
        text = json.dumps(kept | self._now, ensure_ascii=False, indent=0, sort_keys=True)
        replace_file(self._path, text.encode())


def _common(work: Production) -> bytes:
    """Hash over all that every digest's episode is made from."""
    roster = work.roster
    speakers = [
        (speaker.engine.name, speaker.engine.version, sorted((role, repr(v)) for role, v in speaker.voices.items()))
        for speaker in roster.speakers
    ]
    music = {name: value for name, value in asdict(work.music).items() if not isinstance(value, Path)}
    settings = (
        replace(work.show, cover=Path()),
        music,
        work.target,
        work.timezone,
        work.edition,
        work.hosts,
        work.desk,
        sorted(work.accept),
        sorted(work.lexicon.entries.items()),
        speakers,
    )
    # Whether a file was touched, not what is in it: no audio is read to find that nothing is to be done.
    states = [path.stat() for path in (*work.music.files, work.show.cover)]
    touched = [(state.st_size, state.st_mtime_ns, state.st_ctime_ns) for state in states]
    folders = [folder for folder in (work.templates, work.desk and work.desk.templates) if folder]
    templates = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    names = [path.name for path in templates]
    parts = [_code(), repr((settings, touched, names)).encode(), *(path.read_bytes() for path in templates)]
    return _hash(parts).encode()


@cache
def _code() -> bytes:
    """Hash of this package, and of the versions of all libraries that it names."""
    named = {re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in metadata.requires("digestcast") or ()}
    versions = []
    for name in sorted(named):
        try:
            versions.append(f"{name} {metadata.version(name)}".encode())
        except metadata.PackageNotFoundError:
            continue
    return _hash([*contents_below(resources.files("podcast")), *versions]).encode()


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return {key: known for key, known in found.items() if isinstance(known, dict)} if isinstance(found, dict) else {}


def _hash(parts: Sequence[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()
