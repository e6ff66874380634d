"""What is it?  A feed, JSON of ours, or Markdown: told by its first characters, for names and content types lie."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

from podcast.digest.charsets import decode
from podcast.digest.feed import Feed, read_feed
from podcast.digest.jsonfeed import is_json_feed, read_json_feed
from podcast.digest.lines import CONTROLS, without_controls
from podcast.digest.written import read_written
from podcast.digest.xmlfeed import is_feed, read_xml, root_name
from podcast.errors import DigestError
from podcast.models import Digest

_XML_STARTS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<\0", b"\xfe\xff\0<", b"<\0", b"\0<")
_REFERENCE = re.compile(r"&#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}));")
_FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json"})


def read_other(data: bytes, source: Path, zone: ZoneInfo, address: str, charset: str) -> Digest | Feed | None:
    """The feed or the digest that is no Markdown; None where it may be Markdown.  Raises DigestError."""
    where = address or str(source)
    start = data[:64].lstrip()
    if start.startswith(_XML_STARTS):
        text = decode(data, charset, where)
        name = root_name(text)
        if is_feed(name):
            text, notes = _cleaned(text)
            return read_feed(read_xml(text, address, where), source, zone, notes)
        _refuse_pages(text, name, address, where)
        return None
    if start.removeprefix(b"\xef\xbb\xbf")[:1] in {b"{", b"["}:
        return _read_json(data, source, zone, address)
    return None


def _cleaned(text: str) -> tuple[str, tuple[str, ...]]:
    """The text without characters that XML has no place for, written out or as &#8; -- real feeds have them."""
    clean = _REFERENCE.sub(lambda match: "" if _is_control(match) else match[0], without_controls(text))
    return clean, () if clean == text.replace("\r", "") else ("control characters in the feed were left out",)


def _is_control(match: re.Match[str]) -> bool:
    code = int(match[1], 16) if match[1] else int(match[2])
    return code > 0x10FFFF or 0xD800 <= code <= 0xDFFF or (code != 13 and CONTROLS.match(chr(code)) is not None)


def _refuse_pages(text: str, name: str, address: str, where: str) -> None:
    """Raise DigestError for what begins as HTML or XML and is no feed; Markdown may begin with a tag, too."""
    if name.lower() in {"html", "head", "body"}:
        named = _named_feed(text[:200_000], address)
        hint = f"The page names its feed: {named}" if named else "Name the address of its RSS, Atom or JSON feed."
        raise DigestError("this is a web page, not a feed", where=where, hint=hint)
    if text.lstrip().startswith("<?xml"):
        what = f"this is XML, and no feed: it begins with <{name}>" if name else "this is XML that has no element"
        raise DigestError(what, where=where, hint="RSS begins with <rss> or <rdf:RDF>, Atom with <feed>.")


def _named_feed(text: str, address: str) -> str:
    finder = _FeedFinder()
    try:
        finder.feed(text.partition("</head>")[0][:20_000])
    except AssertionError:  # html.parser on "<![x"
        return ""
    return urljoin(address, finder.found) if finder.found else ""


class _FeedFinder(HTMLParser):
    found = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "link" and given.get("type", "").lower() in _FEED_TYPES and not self.found:
            self.found = without_controls(given.get("href", "")).strip()


def _read_json(data: bytes, source: Path, zone: ZoneInfo, address: str) -> Digest | Feed | None:
    """None where only the front matter is JSON, or nothing is."""
    where = address or str(source)
    try:
        values = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        if source.suffix.lower() == ".json" or ('"items"' in error.doc[: error.pos] and not _has_front(error)):
            what = f"its JSON is broken: {error.msg}, column {error.colno}"
            raise DigestError(what, where=f"{where}:{error.lineno}") from None
        return None
    except UnicodeDecodeError:
        return None  # Markdown says what is wrong with it
    except _Twice as error:
        raise DigestError(f"the key {str(error)[:80]!r} stands twice in one object", where=where) from None
    except (RecursionError, ValueError) as error:  # ValueError: a number of more than 4300 digits
        what = "its JSON is nested too deep" if isinstance(error, RecursionError) else f"its JSON is broken: {error}"
        raise DigestError(what, where=where) from None
    if is_json_feed(values):
        return read_feed(read_json_feed(values, address, where), source, zone)
    return read_written(values, source, zone)


def _has_front(error: json.JSONDecodeError) -> bool:
    """Whether a whole object stands before what is no JSON: the front matter of a post."""
    return error.msg == "Extra data"


class _Twice(Exception):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a key that is there twice JSON keeps the last, in silence."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1))
    return found
