"""What the command line names -> digests and script documents: files, folders, standard input, feeds, addresses."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from podcast.digest import FEED_LIMIT_BYTES, decode, read_bytes, read_content
from podcast.digest.feed import FeedEntry
from podcast.digest.head import zone_of
from podcast.draft import Source, read_source_text
from podcast.errors import DigestError, PodcastError
from podcast.models import Digest
from podcast.script import is_document

STDIN = "-"
_STDIN_NAME = Path("stdin")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries of a feed, and from where one may be fetched."""

    newest: int | None = 1  # None = all
    since: date | None = None
    allow_private: bool = False


Told = Source | PodcastError


def each_name(names: Sequence[str]) -> Iterator[Path | str | PodcastError]:
    """The files that are named, those of a folder in order of name; what is no file as it is, or what is wrong."""
    for name in names:
        try:
            yield from [name] if name == STDIN or _is_address(name) else _files(Path(name))
        except PodcastError as error:
            yield error


def read_sources(
    names: Sequence[str], wanted: Wanted, *, timezone: str, stdin: BinaryIO | None = None
) -> Iterator[Told]:
    """Each digest or script document, or what is wrong with it, which does not keep the others from being made."""
    for name in each_name(names):
        try:
            yield from [name] if isinstance(name, PodcastError) else _read(name, wanted, timezone, stdin)
        except PodcastError as error:
            yield error


def read_one(name: str, wanted: Wanted, *, timezone: str, stdin: BinaryIO | None = None) -> Source:
    """The digest of a name, of a feed its newest entry.  Raises PodcastError."""
    if name != STDIN and Path(name).is_dir():
        raise DigestError("this is a folder, not a digest file", where=name, hint="Name a .md file in it.")
    *_, last = read_sources([name], wanted, timezone=timezone, stdin=stdin)
    if isinstance(last, PodcastError):
        raise last
    return last


def near(name: str) -> Path | None:
    """Where a config is looked for first; None for what is not on this disk."""
    return None if name == STDIN or _is_address(name) else Path(name)


def _is_address(text: str) -> bool:
    """Whether an argument is to be fetched: nothing is unless it begins so."""
    return text.lower().startswith(("http://", "https://"))


def _read(name: Path | str, wanted: Wanted, timezone: str, stdin: BinaryIO | None) -> Iterator[Told]:
    from podcast.fetch import fetch

    if isinstance(name, Path):
        yield from _digests(read_bytes(name, FEED_LIMIT_BYTES), name, wanted, timezone, on_disk=True)
    elif name == STDIN:
        data = (stdin or sys.stdin.buffer).read(FEED_LIMIT_BYTES + 1)
        yield from _digests(data, _STDIN_NAME, wanted, timezone)
    else:
        fetched = fetch(name, allow_private=wanted.allow_private)
        parts = urlsplit(name)
        source = Path(f"{parts.hostname}{parts.path}")
        yield from _digests(fetched.content, source, wanted, timezone, address=fetched.address, charset=fetched.charset)


def _files(path: Path) -> list[Path]:
    """The file, or the posts of a folder in order of name."""
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.glob("*.md") if not file.name.startswith(("_", ".", "README")))
    if not found:
        raise DigestError("the folder has no digest: looked for *.md", where=str(path))
    return found


def _digests(
    data: bytes,
    source: Path,
    wanted: Wanted,
    timezone: str,
    *,
    address: str = "",
    charset: str = "",
    on_disk: bool = False,
) -> Iterator[Told]:
    if is_document(data.decode("utf-8", "replace")):
        yield replace(read_source_text(decode(data, source), source, timezone=timezone), on_disk=on_disk)
        return
    found = read_content(data, source, timezone=timezone, address=address, charset=charset)
    if isinstance(found, Digest):
        yield Source(source, found, on_disk)
        return
    chosen = found.newest(wanted.newest, wanted.since)
    if not chosen:
        hint = f"It has {len(found.entries)} older ones; choose an earlier day."
        raise DigestError(f"the feed has no entry from {wanted.since} on", where=address or str(source), hint=hint)
    for entry in chosen:
        yield _entry(entry, timezone)


def _entry(entry: FeedEntry, timezone: str) -> Told:
    try:
        digest = entry.read(zone_of(timezone))
    except PodcastError as error:
        return error
    return Source(digest.source, digest)
