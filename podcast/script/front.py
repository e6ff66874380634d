"""The front matter of a script document: is this one, and what does it say of the episode?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

import yaml  # type: ignore[import-untyped]  # has no types

from podcast.errors import ScriptError
from podcast.script.document import VERSION

_KEY = "podcast_script"
_KEYS = (_KEY, "title", "published", "source", "edition", "basis")
_FRONT = re.compile(r"---[ \t]*\n(.*?\n)---[ \t]*(?:\n|$)", re.DOTALL)
_MARK = re.compile(rf"^{_KEY}[ \t]*:", re.MULTILINE)
_LIMIT_CHARACTERS = 64 * 1024  # PyYAML reads about 100 kB a second
_BASIS = re.compile(r"([a-z0-9-]+):([0-9a-f]+)")


@dataclass(frozen=True, slots=True)
class Front:
    title: str
    published: datetime
    source: str
    edition: str
    basis: tuple[tuple[str, str], ...]
    first_line: int  # of what follows, in the file, from 1
    body: str


def plain_lines(text: str) -> str:
    """The text without a byte order mark, its lines ended by "\\n"."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def is_document(text: str) -> bool:
    """Whether a file is a script document, whole or broken, and no digest: its front matter has podcast_script."""
    start = plain_lines(text[:_LIMIT_CHARACTERS]).lstrip()
    if not start.startswith("---"):
        return False
    front = _FRONT.match(start)
    return _MARK.search(front[1] if front else start) is not None


def read_front(text: str, source: Path) -> Front:
    """Split a document (line ends "\\n") into what its front matter says and its body.  Raises ScriptError."""
    skipped = text[: len(text) - len(text.lstrip())]
    match = _FRONT.match(text, len(skipped))
    first = skipped.count("\n") + 1
    if match is None or len(match[1]) > _LIMIT_CHARACTERS:
        raise ScriptError(
            "the front matter is never closed", where=f"{source}:{first}", hint="Close it with a line of three hyphens."
        )
    values = _load(match[1], first, source)
    keys = [line.partition(":")[0].rstrip() for line in match[1].split("\n")]
    lines = {key: first + number for number, key in enumerate(keys, 1)}

    def wrong(key: str, what: str, hint: str) -> ScriptError:
        return ScriptError(what, where=f"{source}:{lines.get(key, first)}", hint=hint)

    if twice := [key for key in _KEYS if keys.count(key) > 1]:
        raise wrong(twice[0], f"{twice[0]} stands there twice", "Leave one out.")
    if unknown := [key for key in values if key not in _KEYS]:
        near = get_close_matches(unknown[0], _KEYS, n=1)
        raise wrong(unknown[0], f"no key is called {unknown[0]}", f"Write {near[0] if near else ', '.join(_KEYS)}.")
    if values[_KEY] != str(VERSION):
        what = f"podcast_script is {values[_KEY]}, and this version reads {VERSION}"
        raise wrong(_KEY, what, "Write the document anew with podcast script DIGEST -o FILE.")
    for key in ("title", "published", "source"):
        if not values.get(key, "").strip():
            raise wrong(key, f"the front matter has no {key}", f'Add a line {key}: "…", as podcast script writes it.')
    published = _time(values["published"])
    if published is None:
        what = f"{values['published']!r} is no time with its zone"
        raise wrong("published", what, "Write it as 2025-11-04T09:20:00+08:00.")
    return Front(
        title=values["title"].strip(),
        published=published,
        source=values["source"].strip(),
        edition=values.get("edition", "").strip() or "full",
        basis=_basis(values.get("basis", "")),
        first_line=text.count("\n", 0, match.end()) + 1,
        body=text[match.end() :],
    )


def _load(front: str, first: int, source: Path) -> Mapping[str, str]:
    try:
        values = yaml.load(front, Loader=yaml.BaseLoader)  # noqa: S506 -- the base loader makes nothing but texts
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = first + 1 + (mark.line if mark else 0)
        what = f"the front matter cannot be read: {getattr(error, 'problem', None) or error}"
        raise ScriptError(what, where=f"{source}:{line}", hint='Write "key: value" lines, text in quotes.') from None
    found = values if isinstance(values, dict) else {}
    bad = next((key for key, value in found.items() if not isinstance(value, str)), None)
    if bad is not None or _KEY not in found:
        what = f"{bad or _KEY} in the front matter is no text"
        raise ScriptError(what, where=f"{source}:{first}", hint='Write it as key: "…".')
    return found


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return found if found.tzinfo else None


def _basis(text: str) -> tuple[tuple[str, str], ...]:
    """Its pairs; a broken one counts as none: its section is then taken for edited, and kept."""
    pairs = (_BASIS.fullmatch(word) for word in text.split())
    return tuple((pair[1], pair[2]) for pair in pairs if pair)
