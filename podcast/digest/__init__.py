"""Markdown file -> Digest; feed -> its entries -> Digests; JSON -> Digest.

    Markdown --head--> front matter, body --blocks--> lines of plain text --passages, assemble--> Digest
    RSS, Atom --xmlfeed--+
    JSON Feed --jsonfeed-+-> entries --feed--> HTML --hypertext--> the same blocks --passages, assemble--> Digest
    JSON of our own --written--> Digest

Nothing of the body is dropped in silence: it becomes title, overview, item, interlude, commentary, link or figure, or a
warning names it.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from podcast.digest.assemble import assemble
from podcast.digest.blocks import read_blocks
from podcast.digest.charsets import looks_like_gb18030
from podcast.digest.head import Head, date_in_name, find_date, read_head, with_zone, zone_of
from podcast.digest.lines import CONTROLS, Note, without_controls
from podcast.digest.passages import Passages, read_passages
from podcast.errors import DigestError
from podcast.models import Digest

if TYPE_CHECKING:
    from podcast.digest.feed import Feed

__all__ = [
    "FEED_LIMIT_BYTES",
    "SIZE_LIMIT_BYTES",
    "decode",
    "read_bytes",
    "read_content",
    "read_digest",
    "read_digest_text",
    "read_text",
]

FEED_LIMIT_BYTES = 4 * 1024 * 1024  # ten full entries have 0.2 to 1 MB
SIZE_LIMIT_BYTES = 2 * 1024 * 1024  # a day's digest is 10 to 20 kB


def read_digest(path: Path, *, timezone: str = "Asia/Shanghai") -> Digest:
    """Read a digest file, UTF-8 with or without a byte order mark, with any line ends.

    `timezone` is the zone of dates written without one.  Raises DigestError when the file cannot be read or is no
    digest, ConfigError when there is no such zone.
    """
    return read_digest_text(read_text(path), path, timezone=timezone)


def read_text(path: Path) -> str:
    """The text of a Markdown file.  Raises DigestError when it cannot be read, is too large or no text."""
    return decode(read_bytes(path), path)


def read_content(
    data: bytes, source: Path, *, timezone: str = "Asia/Shanghai", address: str = "", charset: str = ""
) -> Digest | Feed:
    """Read what a file, a pipe or a server gave, told apart by what is in it and not by its name.

    `source` names it in errors; `address` is where it was fetched and `charset` what the server said of it.  Raises
    DigestError, ConfigError.
    """
    from podcast.digest.sniff import read_other  # brings lxml and feedparser, which Markdown has no need of

    if len(data) > FEED_LIMIT_BYTES:
        raise _too_large(len(data), str(source), FEED_LIMIT_BYTES)
    found = read_other(data, source, zone_of(timezone), address, charset)
    return found or read_digest_text(decode(data, source), source, timezone=timezone)


def read_digest_text(text: str, source: Path, *, timezone: str = "Asia/Shanghai") -> Digest:
    """Read a digest from text; `source` is named in errors, and its name may hold the date.  Raises as above."""
    _refuse_what_is_no_text(text, source)
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    notes: list[Note] = []
    if found := CONTROLS.findall(text):
        line = text.count("\n", 0, text.index(found[0])) + 1
        notes.append(Note(line, f"{len(found)} control characters from here on were left out"))
    try:
        return _read_text(without_controls(text), source, zone_of(timezone), notes)
    except RecursionError:
        raise DigestError("it is nested too deep to be read", where=str(source), hint="Write it flatter.") from None


def _read_text(text: str, source: Path, zone: ZoneInfo, notes: list[Note]) -> Digest:
    head = read_head(text, source)
    blocks = read_blocks(head.body, head.first_line, source, notes)
    passages = read_passages(blocks)
    if not passages.has_items:
        raise _no_items(text, source)
    published = _published(head, passages, source, zone)
    title = _title(head, passages, published, notes)
    return assemble(passages, source=source, title=title, published=published, notes=notes)


def _published(head: Head, passages: Passages, source: Path, zone: ZoneInfo) -> datetime:
    """When it appeared: by front matter, else by the title, else by the file's name."""
    written = head.published or find_date(head.title) or find_date(passages.title) or date_in_name(source)
    if written is None:
        raise DigestError(
            "no date: looked in the front matter, in the first line and in the file's name",
            where=str(source),
            hint="Name the file like 2025-11-04.md, or begin it with a line like: 2025.11.04 全球AI新闻速递",
        )
    return with_zone(written, zone)


def _title(head: Head, passages: Passages, published: date, notes: list[Note]) -> str:
    if head.title and passages.title and head.title != passages.title:
        notes.append(Note(passages.title_line, f"second title 「{passages.title}」: the front matter's is used"))
    if title := head.title or passages.title:
        return title
    title = f"{published.year}年{published.month}月{published.day}日新闻"
    notes.append(Note(1, f"no title in the front matter or the first line: the digest is called 「{title}」"))
    return title


def _no_items(text: str, source: Path) -> DigestError:
    looked_for = "'1. [title](link)', '### 1. title', '📌 **1. title**' or '1、title'"
    lines = text.count("\n") + (not text.endswith("\n"))
    return DigestError(
        f"no numbered items: looked for {looked_for} in {lines} lines",
        where=str(source),
        hint="Number each news item, and put its summary below it.",
    )


def read_bytes(path: Path, limit_bytes: int = SIZE_LIMIT_BYTES) -> bytes:
    """The content of a file that may hold a digest.  Raises DigestError."""
    where = str(path)
    try:
        if path.is_dir():
            raise DigestError("this is a folder, not a digest file", where=where, hint="Name a .md file in it.")
        size_bytes = path.stat().st_size
        if not path.is_file():
            raise DigestError("this is no regular file", where=where, hint="Name a .md file.")
        if size_bytes > limit_bytes:
            raise _too_large(size_bytes, where, limit_bytes)
        return path.read_bytes()
    except FileNotFoundError:
        raise DigestError("there is no such file", where=where, hint="Check the name.") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise DigestError(f"it cannot be read: {reason}", where=where, hint="Check its permissions.") from None


def _too_large(size_bytes: int, where: str, limit_bytes: int = SIZE_LIMIT_BYTES) -> DigestError:
    what = "a digest" if limit_bytes == SIZE_LIMIT_BYTES else "a feed"
    return DigestError(
        f"{size_bytes / 1024 / 1024:.1f} MiB is too large: {what} may have {limit_bytes // 1024 // 1024} MiB",
        where=where,
        hint="Split it, or check that it is the right file.",
    )


def decode(data: bytes, path: Path) -> str:
    """The text of a file's bytes; `path` is named in errors.  Raises DigestError for what is not UTF-8."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _wrong_encoding("UTF-16", path)
    if b"\0" in data:
        raise _binary(str(path))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        if looks_like_gb18030(data):
            raise _wrong_encoding("GB18030", path) from None
        raise DigestError(
            f"it is not UTF-8: byte 0x{data[error.start]:02X} cannot be read",
            where=f"{path}:{line}",
            hint="Save it as UTF-8, or check that it is a text file.",
        ) from None


def _wrong_encoding(name: str, path: Path) -> DigestError:
    return DigestError(
        f"it is written in {name}, not in UTF-8",
        where=str(path),
        hint=f"Convert it: iconv -f {name} -t UTF-8 {path.name} > utf8.md",
    )


def _binary(where: str) -> DigestError:
    return DigestError("this is a binary file, not text", where=where, hint="Name a Markdown file.")


def _refuse_what_is_no_text(text: str, source: Path) -> None:
    where = str(source)
    if "\0" in text:
        raise _binary(where)
    try:
        size_bytes = len(text.encode("utf-8"))
    except UnicodeEncodeError:
        raise DigestError("it holds half a surrogate pair, which is no text", where=where) from None
    if size_bytes > SIZE_LIMIT_BYTES:
        raise _too_large(size_bytes, where)
    if not text.strip("\ufeff \t\r\n"):
        raise DigestError("the file is empty", where=where, hint="Write a digest into it, or name another file.")
